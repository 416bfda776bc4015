// Functions with a known optimum that stand for tuning problems, in two sets: the search's constants were chosen on the
// tuning set; nobody looks at the held-out set while choosing any.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/domain/search_space.h"

namespace pegbox {

// To be minimized. Shifts, rotations and noise follow the seed it was made with, so that neither the centre of the
// space nor a corner is favoured; the space does not.
struct SearchProblem {
  SearchSpace space;
  std::function<double(const Assignment&)> evaluate;  // without noise
  double optimum = 0;                                 // the least value of `evaluate` where trials do not fail
  double noise = 0;                                   // standard deviation of normal noise on what a trial reports
  std::function<bool(const Assignment&)> fails;       // empty: no trial fails
};

struct SearchProblemFamily {
  std::string name;
  std::function<SearchProblem(uint64_t seed)> make;
};

// The 22 problems that the search's constants were chosen on.
const std::vector<SearchProblemFamily>& TuningProblems();
// Problems that no constant was chosen on: functions of the BBOB suite, mixed and conditional spaces.
const std::vector<SearchProblemFamily>& HeldOutProblems();
// Two doubles; 30 % of the space fails, and the objective falls towards it. "failing" is the problem; "failing_free"
// has the same values and optimum but no failures: beyond the border a trial gets the value of its mirror image.
const std::vector<SearchProblemFamily>& FailingProblems();

// Of any of the three lists; null: there is none of this name.
const SearchProblemFamily* FindProblem(absl::string_view name);

// What trial `trial_number` reports: the value with its noise, the same for every method that tries this point as this
// trial. Nothing: it fails.
std::optional<double> Report(const SearchProblem& problem, uint64_t seed, int64_t trial_number,
                             const Assignment& parameters);

}  // namespace pegbox
