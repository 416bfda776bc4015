#include "tests/benchmarks/simulation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "server/search/random_stream.h"

namespace pegbox {
namespace {

struct Running {
  double end_time;
  size_t observation;
  double suggest_milliseconds;
  bool operator>(const Running& other) const { return end_time > other.end_time; }
};

}  // namespace

std::vector<SimulatedTrial> Simulate(Searcher& searcher, const SearchProblem& problem, uint64_t seed, int trials,
                                     int workers) {
  RandomStream durations(seed, 1, RandomPurpose::kSimulation);
  std::vector<Observation> observations;
  std::optional<SurrogateFit> last_fit;
  std::vector<Running> running;
  std::vector<SimulatedTrial> ended;
  double best = std::numeric_limits<double>::infinity(), best_gap = best, now = 0;
  while (ended.size() < static_cast<size_t>(trials)) {
    while (running.size() < static_cast<size_t>(workers) && observations.size() < static_cast<size_t>(trials)) {
      const int64_t number = static_cast<int64_t>(observations.size()) + 1;
      SearchSnapshot snapshot{problem.space, Goal::kMinimize, seed,
                              number,        observations,    last_fit ? &*last_fit : nullptr};
      // The server makes these beside the suggestions, so that no trial waits for them.
      if (searcher.IsFitDue(snapshot)) {
        last_fit = searcher.Fit(snapshot).value();
        snapshot.last_fit = &*last_fit;
      }
      const auto start = std::chrono::steady_clock::now();
      auto suggestions = searcher.Suggest(snapshot, 1).value();
      const std::chrono::duration<double, std::milli> duration = std::chrono::steady_clock::now() - start;
      if (suggestions.at(0).provenance.fit) last_fit = suggestions.at(0).provenance.fit;
      observations.push_back({number, std::move(suggestions.at(0).parameters), Observation::Kind::kPending, 0});
      running.push_back({now + std::exp(0.5 * durations.Normal()), observations.size() - 1, duration.count()});
      std::push_heap(running.begin(), running.end(), std::greater<>());
    }
    std::pop_heap(running.begin(), running.end(), std::greater<>());
    now = running.back().end_time;
    Observation& observation = observations[running.back().observation];
    SimulatedTrial trial{.value = Report(problem, seed, observation.trial_number, observation.parameters),
                         .gap = problem.evaluate(observation.parameters) - problem.optimum,
                         .suggest_milliseconds = running.back().suggest_milliseconds};
    running.pop_back();
    observation.kind = trial.value ? Observation::Kind::kMeasured : Observation::Kind::kFailed;
    observation.value = trial.value.value_or(0);
    if (trial.value && *trial.value < best) {
      best = *trial.value;
      best_gap = trial.gap;
    }
    trial.best_gap = best_gap;
    ended.push_back(trial);
  }
  return ended;
}

double LogGap(double gap) { return std::log10(std::max(gap, 1e-10)); }

}  // namespace pegbox
