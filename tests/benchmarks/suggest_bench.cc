// How long a suggestion takes after n trials.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "server/domain/tuning_job.h"
#include "server/search/gp/searcher_factory.h"
#include "server/search/random_searcher.h"
#include "tests/benchmarks/problems/bbob_functions.h"

namespace pegbox {
namespace {

struct Options {
  std::vector<int> trials = {20, 50, 100, 200, 500, 1000};
  int dimensions = 10;
  int suggestions = 20;
  std::string csv;
};

// The milliseconds of each suggestion from trial n on, after one that is not counted: it has every fit to catch up.
// Each is followed by its trial's value, as in a job with one worker.
std::vector<double> Measure(int n, const Options& options) {
  const SearchProblem problem = BbobSphere(static_cast<size_t>(options.dimensions), 0);
  std::vector<Observation> observations;
  std::optional<SurrogateFit> last_fit;
  // In the background of the server; not timed here.
  const auto fit = [&](Searcher& searcher) {
    const SearchSnapshot snapshot{problem.space, Goal::kMinimize, 0, 1, observations, last_fit ? &*last_fit : nullptr};
    if (searcher.IsFitDue(snapshot)) last_fit = searcher.Fit(snapshot).value();
  };
  const auto suggest = [&](Searcher& searcher) {
    const int64_t number = static_cast<int64_t>(observations.size()) + 1;
    const SearchSnapshot snapshot{problem.space, Goal::kMinimize, 0,
                                  number,        observations,    last_fit ? &*last_fit : nullptr};
    auto suggested = searcher.Suggest(snapshot, 1).value();
    if (suggested.at(0).provenance.fit) last_fit = suggested.at(0).provenance.fit;
    Assignment& parameters = suggested.at(0).parameters;
    const double value = problem.evaluate(parameters);
    observations.push_back({number, std::move(parameters), Observation::Kind::kMeasured, value});
  };
  RandomSearcher random;
  while (observations.size() < static_cast<size_t>(n)) suggest(random);
  const std::unique_ptr<Searcher> searcher = MakeSearcher({});
  fit(*searcher);
  suggest(*searcher);
  std::vector<double> milliseconds;
  for (int i = 0; i < options.suggestions; ++i) {
    fit(*searcher);
    const auto start = std::chrono::steady_clock::now();
    suggest(*searcher);
    const std::chrono::duration<double, std::milli> duration = std::chrono::steady_clock::now() - start;
    milliseconds.push_back(duration.count());
  }
  return milliseconds;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("How long a suggestion takes after n trials, one thread, in this process.");
  app.footer("Example: suggest_bench --trials 100,500,1000");
  app.add_option("--trials", options.trials, "n")->delimiter(',')->check(CLI::Range(6, 20000))->capture_default_str();
  app.add_option("--dimensions", options.dimensions, "Doubles")->check(CLI::Range(2, 100))->capture_default_str();
  app.add_option("--suggestions", options.suggestions, "Timed for each n")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--csv", options.csv, "Where to append each time, as pegbox_in_process,n,milliseconds");
  CLI11_PARSE(app, argc, argv);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> csv(
      options.csv.empty() ? nullptr : std::fopen(options.csv.c_str(), "a"),
      [](std::FILE* file) { return std::fclose(file); });
  if (!options.csv.empty() && !csv) return app.exit(CLI::FileError("cannot write " + options.csv));
  std::printf("ms a suggestion, %d dimensions; a new value comes before each\n", options.dimensions);
  std::printf("%6s %9s %9s %9s %9s\n", "n", "least", "p50", "mean", "most");
  for (int n : options.trials) {
    std::vector<double> milliseconds = Measure(n, options);
    if (csv) {
      for (double one : milliseconds) std::fprintf(csv.get(), "pegbox_in_process,%d,%.4f\n", n, one);
    }
    std::sort(milliseconds.begin(), milliseconds.end());
    const double mean = std::accumulate(milliseconds.begin(), milliseconds.end(), 0.0) / options.suggestions;
    std::printf("%6d %9.2f %9.2f %9.2f %9.2f\n", n, milliseconds.front(), milliseconds[milliseconds.size() / 2], mean,
                milliseconds.back());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace pegbox

int main(int argc, char** argv) { return pegbox::Main(argc, argv); }
