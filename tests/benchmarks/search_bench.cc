// How near the best of N trials comes to the optimum, by search algorithm.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "server/domain/tuning_job.h"
#include "server/search/gp/searcher_factory.h"
#include "tests/benchmarks/simulation.h"

namespace pegbox {
namespace {

// Of random search as the yardstick; as a contestant it has job seeds of its own.
constexpr int kRandomSeeds = 100;

struct Options {
  std::string set = "tuning";
  std::vector<std::string> problems;
  std::vector<std::string> algorithms = {"bayesian"};
  int seeds = 10;
  std::vector<int> trials = {20, 50, 100};
  int workers = 1;
  std::string csv;
};

using Runs = std::vector<std::vector<SimulatedTrial>>;  // by seed

std::unique_ptr<Searcher> SearcherOf(const std::string& algorithm) {
  TuningJobSpec spec;
  spec.strategy.algorithm = algorithm == "random"  ? Algorithm::kRandom
                            : algorithm == "sobol" ? Algorithm::kSobol
                                                   : Algorithm::kBayesian;
  return MakeSearcher(spec);
}

// Where the runs have got to, on a terminal's standard error.
class Progress {
 public:
  explicit Progress(size_t runs) : runs_(runs) {}
  void Next(const std::string& what) {
    ++run_;
    if (is_terminal_) std::fprintf(stderr, "\r\033[K%zu of %zu runs: %s", run_, runs_, what.c_str());
  }
  void Clear() {
    if (is_terminal_) std::fprintf(stderr, "\r\033[K");
  }

 private:
  const bool is_terminal_ = isatty(STDERR_FILENO) == 1;
  const size_t runs_;
  size_t run_ = 0;
};

// One row a trial; the same columns as the peers' results.
class CsvFile {
 public:
  explicit CsvFile(const std::string& path) : file_(path.empty() ? nullptr : std::fopen(path.c_str(), "w")) {
    if (!path.empty() && file_ == nullptr) throw CLI::FileError("cannot write " + path);
    if (file_ != nullptr) std::fputs("method,problem,seed,trial,value,gap,best_gap,suggest_ms\n", file_.get());
  }
  void Write(const std::string& method, const std::string& problem, const Runs& runs) {
    if (file_ == nullptr) return;
    for (size_t seed = 0; seed < runs.size(); ++seed) {
      for (size_t i = 0; i < runs[seed].size(); ++i) {
        const SimulatedTrial& trial = runs[seed][i];
        const std::string value = trial.value ? absl::StrCat(*trial.value) : "";
        std::fprintf(file_.get(), "%s,%s,%zu,%zu,%s,%.10g,%.10g,%.4f\n", method.c_str(), problem.c_str(), seed, i + 1,
                     value.c_str(), trial.gap, trial.best_gap, trial.suggest_milliseconds);
      }
    }
    std::fflush(file_.get());
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
};

// `seeds` problems and jobs; job seeds begin at `first_job_seed`.
Runs RunSeeds(const SearchProblemFamily& family, const std::string& algorithm, int seeds, uint64_t first_job_seed,
              const Options& options, Progress& progress) {
  Runs runs;
  for (int seed = 0; seed < seeds; ++seed) {
    progress.Next(absl::StrCat(family.name, " ", algorithm, " seed ", seed));
    const std::unique_ptr<Searcher> searcher = SearcherOf(algorithm);
    const uint64_t i = static_cast<uint64_t>(seed);
    runs.push_back(Simulate(*searcher, family.make(i), first_job_seed + i, options.trials.back(), options.workers));
  }
  return runs;
}

double MeanLogGap(const Runs& runs, int trials) {
  double sum = 0;
  for (const auto& run : runs) sum += LogGap(run[static_cast<size_t>(trials) - 1].best_gap);
  return sum / static_cast<double>(runs.size());
}

// Milliseconds a suggestion, the mean of all runs.
double MeanMilliseconds(const Runs& runs) {
  double sum = 0;
  size_t count = 0;
  for (const auto& run : runs) {
    for (const SimulatedTrial& trial : run) sum += trial.suggest_milliseconds;
    count += run.size();
  }
  return sum / static_cast<double>(count);
}

// For each algorithm and each of Options::trials, the seeds' mean of log10 gap less random search's, summed over the
// problems.
struct Scores {
  std::vector<std::vector<double>> by_trials_and_seed;
  double milliseconds = 0;
};

void PrintScores(const std::map<std::string, Scores>& scores, size_t problems, const Options& options) {
  std::printf("\nscore: mean over %zu problems of the above less random search's (%d seeds), +- standard error\n",
              problems, kRandomSeeds);
  for (const std::string& algorithm : options.algorithms) {
    std::printf("%-33s", algorithm.c_str());
    for (const std::vector<double>& by_seed : scores.at(algorithm).by_trials_and_seed) {
      const double n = static_cast<double>(by_seed.size()), count = static_cast<double>(problems);
      double sum = 0, squares = 0;
      for (double score : by_seed) sum += score / count, squares += score * score / count / count;
      const double mean = sum / n;
      const double deviation = n > 1 ? std::sqrt(std::max(squares / n - mean * mean, 0.0) / (n - 1)) : 0;
      std::printf(" %6.2f +-%4.2f", mean, deviation);
    }
    std::printf(" %8.2f\n", scores.at(algorithm).milliseconds / static_cast<double>(problems));
  }
}

void Compare(const std::vector<SearchProblemFamily>& families, const Options& options) {
  CsvFile csv(options.csv);
  Progress progress(families.size() * (static_cast<size_t>(kRandomSeeds) +
                                       options.algorithms.size() * static_cast<size_t>(options.seeds)));
  std::printf("mean log10 of the gap to the optimum (lower is better), %d seeds, %d workers\n", options.seeds,
              options.workers);
  std::printf("%-23s %-9s", "problem", "algorithm");
  for (int trials : options.trials) std::printf("      N=%-5d", trials);
  std::printf(" ms/suggestion\n");
  std::map<std::string, Scores> scores;
  for (const SearchProblemFamily& family : families) {
    const Runs baseline = RunSeeds(family, "random", kRandomSeeds, 1000, options, progress);
    for (const std::string& algorithm : options.algorithms) {
      const Runs runs = RunSeeds(family, algorithm, options.seeds, 0, options, progress);
      csv.Write(algorithm, family.name, runs);
      progress.Clear();
      std::printf("%-23s %-9s", family.name.c_str(), algorithm.c_str());
      Scores& score = scores[algorithm];
      score.by_trials_and_seed.resize(options.trials.size(), std::vector<double>(runs.size()));
      for (size_t i = 0; i < options.trials.size(); ++i) {
        const int trials = options.trials[i];
        const double random = MeanLogGap(baseline, trials);
        for (size_t seed = 0; seed < runs.size(); ++seed) {
          score.by_trials_and_seed[i][seed] += LogGap(runs[seed][static_cast<size_t>(trials) - 1].best_gap) - random;
        }
        std::printf("      %7.2f", MeanLogGap(runs, trials));
      }
      std::printf("      %8.2f\n", MeanMilliseconds(runs));
      std::fflush(stdout);
      score.milliseconds += MeanMilliseconds(runs);
    }
  }
  PrintScores(scores, families.size(), options);
}

// The space of which 30 % fails: failures, and the best value's gap beside that of runs in which nothing fails.
void CompareFailing(const Options& options) {
  CsvFile csv(options.csv);
  const int trials = options.trials.back();
  Progress progress(options.algorithms.size() * 2 * static_cast<size_t>(options.seeds));
  std::printf("%d trials, %d seeds; 30 %% of the space fails, the objective falls towards it\n", trials, options.seeds);
  std::printf("%-10s %10s %10s %22s %28s %7s\n", "algorithm", "failures", "at most", "gap of the best trial",
              "the same if nothing failed", "ratio");
  for (const std::string& algorithm : options.algorithms) {
    const Runs failing = RunSeeds(*FindProblem("failing"), algorithm, options.seeds, 0, options, progress);
    const Runs free = RunSeeds(*FindProblem("failing_free"), algorithm, options.seeds, 0, options, progress);
    csv.Write(algorithm, "failing", failing);
    csv.Write(algorithm, "failing_free", free);
    progress.Clear();
    double failures = 0;
    int64_t most = 0;
    for (const auto& run : failing) {
      const auto failed = std::count_if(run.begin(), run.end(), [](const SimulatedTrial& t) { return !t.value; });
      failures += static_cast<double>(failed) / static_cast<double>(failing.size());
      most = std::max<int64_t>(most, failed);
    }
    const double gap = std::pow(10, MeanLogGap(failing, trials)), gap_free = std::pow(10, MeanLogGap(free, trials));
    std::printf("%-10s %10.1f %10ld %22.3g %28.3g %7.2f\n", algorithm.c_str(), failures, static_cast<long>(most), gap,
                gap_free, gap / gap_free);
  }
}

std::vector<SearchProblemFamily> Chosen(const Options& options) {
  std::vector<SearchProblemFamily> chosen;
  for (const std::string& name : options.problems) chosen.push_back(*FindProblem(name));
  if (!chosen.empty()) return chosen;
  for (const auto& [set, families] : {std::pair{"tuning", &TuningProblems()}, {"held-out", &HeldOutProblems()}}) {
    if (options.set == set || options.set == "all") chosen.insert(chosen.end(), families->begin(), families->end());
  }
  return chosen;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("How near the best of N trials comes to the optimum, by search algorithm.");
  app.footer(
      "Of noisy problems the value without noise counts, of the trial with the best reported value.\n\n"
      "Examples:\n  search_bench --seeds 3\n  search_bench --set held-out --algorithms bayesian,sobol\n"
      "  search_bench --workers 10 --trials 50\n  search_bench --problem failing --trials 80");
  std::vector<std::string> names;
  for (const auto* families : {&TuningProblems(), &HeldOutProblems(), &FailingProblems()}) {
    for (const SearchProblemFamily& family : *families) names.push_back(family.name);
  }
  app.add_option("--set", options.set, "tuning, held-out or all")
      ->check(CLI::IsMember({"tuning", "held-out", "all"}))
      ->capture_default_str();
  app.add_option("--problems,--problem", options.problems, "Which ones, instead of a set")
      ->delimiter(',')
      ->check(CLI::IsMember(names));
  app.add_option("--algorithms", options.algorithms, "bayesian, sobol, random")
      ->delimiter(',')
      ->check(CLI::IsMember({"bayesian", "sobol", "random"}))
      ->capture_default_str();
  app.add_option("--seeds", options.seeds, "Runs of each")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--trials", options.trials, "Look after so many trials")
      ->delimiter(',')
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--workers", options.workers, "Trials at once")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--csv", options.csv, "Where to write every trial");
  CLI11_PARSE(app, argc, argv);
  std::sort(options.trials.begin(), options.trials.end());
  const bool is_failing = options.problems == std::vector<std::string>{"failing"};
  try {
    is_failing ? CompareFailing(options) : Compare(Chosen(options), options);
  } catch (const CLI::Error& error) {
    return app.exit(error);
  }
  return 0;
}

}  // namespace
}  // namespace pegbox

int main(int argc, char** argv) { return pegbox::Main(argc, argv); }
