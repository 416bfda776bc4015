// How near the best of N trials comes to the optimum, by algorithm, and how long a suggestion takes.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "server/domain/tuning_job.h"
#include "server/search/gp/searcher_factory.h"
#include "server/search/random_stream.h"
#include "tests/benchmarks/search_problems.h"

namespace pegbox {
namespace {

struct Options {
  std::vector<std::string> problems;
  std::vector<std::string> algorithms = {"bayesian", "sobol", "random"};
  int seeds = 3;
  std::vector<int> trials = {20, 50};
  int workers = 1;
};

struct Run {
  std::vector<double> log_gaps;  // after each of Options::trials
  double milliseconds = 0;       // of all suggestions
  double last_milliseconds = 0;
};

Algorithm AlgorithmOf(const std::string& name) {
  if (name == "random") return Algorithm::kRandom;
  return name == "sobol" ? Algorithm::kSobol : Algorithm::kBayesian;
}

// Trials of log-normal durations (median 1, sigma 0.5) on `workers` workers; each free worker asks for one suggestion.
Run RunSearch(const SearchProblem& problem, Algorithm algorithm, uint64_t seed, const Options& options) {
  struct Running {
    double end_time;
    size_t observation;
    bool operator>(const Running& other) const { return end_time > other.end_time; }
  };
  TuningJobSpec spec;
  spec.strategy.algorithm = algorithm;
  const std::unique_ptr<Searcher> searcher = MakeSearcher(spec);
  RandomStream durations(seed, 1, RandomPurpose::kSimulation);
  std::vector<Observation> observations;
  std::vector<Running> running;
  Run run;
  double best = std::numeric_limits<double>::infinity();
  const size_t total = static_cast<size_t>(options.trials.back());
  double now = 0;
  for (size_t ended = 0; ended < total;) {
    while (running.size() < static_cast<size_t>(options.workers) && observations.size() < total) {
      const int64_t number = static_cast<int64_t>(observations.size()) + 1;
      const auto start = std::chrono::steady_clock::now();
      auto suggestions = searcher->Suggest({problem.space, Goal::kMinimize, seed, number, observations}, 1).value();
      run.last_milliseconds =
          std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
      run.milliseconds += run.last_milliseconds;
      observations.push_back({number, std::move(suggestions.at(0).parameters), Observation::Kind::kPending, 0});
      running.push_back({now + std::exp(0.5 * durations.Normal()), observations.size() - 1});
      std::push_heap(running.begin(), running.end(), std::greater<>());
    }
    std::pop_heap(running.begin(), running.end(), std::greater<>());
    now = running.back().end_time;
    Observation& observation = observations[running.back().observation];
    running.pop_back();
    observation.kind = Observation::Kind::kMeasured;
    observation.value = problem.evaluate(observation.parameters);
    best = std::min(best, observation.value);
    if (std::find(options.trials.begin(), options.trials.end(), static_cast<int>(++ended)) != options.trials.end()) {
      run.log_gaps.push_back(std::log10(std::max(best - problem.optimum, 1e-10)));
    }
  }
  return run;
}

std::vector<double> Mean(const std::vector<Run>& runs) {
  std::vector<double> mean(runs.front().log_gaps.size());
  for (const Run& run : runs) {
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += run.log_gaps[i] / static_cast<double>(runs.size());
  }
  return mean;
}

void Benchmark(const Options& options) {
  std::printf("mean log10 of the gap to the optimum (lower is better), %d seeds, %d workers\n", options.seeds,
              options.workers);
  std::printf("%-18s %-9s", "problem", "algorithm");
  for (int trials : options.trials) std::printf("   N=%-5d", trials);
  std::printf(" ms/suggestion  at the end\n");
  std::map<std::string, std::vector<double>> scores;
  int problems = 0;
  for (const SearchProblemFamily& family : SearchProblemFamilies()) {
    const auto& chosen = options.problems;
    if (!chosen.empty() && std::find(chosen.begin(), chosen.end(), family.name) == chosen.end()) continue;
    ++problems;
    std::vector<Run> baseline;
    for (uint64_t seed = 0; seed < 100; ++seed) {
      baseline.push_back(RunSearch(family.make(seed), Algorithm::kRandom, 1000 + seed, options));
    }
    const std::vector<double> random = Mean(baseline);
    for (const std::string& algorithm : options.algorithms) {
      std::vector<Run> runs;
      double milliseconds = 0, last = 0;
      for (int seed = 0; seed < options.seeds; ++seed) {
        runs.push_back(RunSearch(family.make(static_cast<uint64_t>(seed)), AlgorithmOf(algorithm),
                                 static_cast<uint64_t>(seed), options));
        milliseconds += runs.back().milliseconds / options.trials.back() / options.seeds;
        last += runs.back().last_milliseconds / options.seeds;
      }
      const std::vector<double> mean = Mean(runs);
      std::printf("%-18s %-9s", family.name.c_str(), algorithm.c_str());
      std::vector<double>& score = scores[algorithm];
      score.resize(mean.size());
      for (size_t i = 0; i < mean.size(); ++i) {
        std::printf("   %7.2f", mean[i]);
        score[i] += mean[i] - random[i];
      }
      std::printf("   %11.2f  %10.2f\n", milliseconds, last);
      std::fflush(stdout);
    }
  }
  std::printf("\nscore: mean over %d problems of the above, less that of random search (100 seeds)\n", problems);
  for (const std::string& algorithm : options.algorithms) {
    std::printf("%-28s", algorithm.c_str());
    for (double score : scores[algorithm]) std::printf("   %7.2f", score / std::max(problems, 1));
    std::printf("\n");
  }
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("How near the best of N trials comes to the optimum, by algorithm, and how long a suggestion takes.");
  std::vector<std::string> names;
  for (const SearchProblemFamily& family : SearchProblemFamilies()) names.push_back(family.name);
  app.add_option("--problems", options.problems, "Which ones; all by default")
      ->delimiter(',')
      ->check(CLI::IsMember(names));
  app.add_option("--algorithms", options.algorithms, "bayesian, sobol, random")
      ->delimiter(',')
      ->check(CLI::IsMember({"bayesian", "sobol", "random"}))
      ->capture_default_str();
  app.add_option("--seeds", options.seeds, "Runs of each")->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--trials", options.trials, "Look after so many trials, ascending")
      ->delimiter(',')
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--workers", options.workers, "Trials at once")->check(CLI::Range(1, 1000))->capture_default_str();
  app.allow_extras();  // what `./dev bench` passes on to Google Benchmark
  CLI11_PARSE(app, argc, argv);
  std::sort(options.trials.begin(), options.trials.end());
  Benchmark(options);
  return 0;
}

}  // namespace
}  // namespace pegbox

int main(int argc, char** argv) { return pegbox::Main(argc, argv); }
