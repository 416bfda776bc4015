// One search, played through without waiting for its trials: workers are simulated, values come from a search problem.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/search/searcher.h"
#include "tests/benchmarks/problems/search_problem.h"

namespace pegbox {

// In the order in which trials ended.
struct SimulatedTrial {
  std::optional<double> value;  // as reported; nothing: it failed
  double gap = 0;               // of the value without noise to the optimum
  double best_gap = 0;          // `gap` of the trial so far whose reported value is the best; infinite: all failed
  double suggest_milliseconds = 0;
};

// Trials of log-normal durations (median 1, sigma 0.5) on `workers` workers; each free worker asks for one suggestion.
std::vector<SimulatedTrial> Simulate(Searcher& searcher, const SearchProblem& problem, uint64_t seed, int trials,
                                     int workers);

// log10 of the gap, which counts as 1e-10 at least.
double LogGap(double gap);

}  // namespace pegbox
