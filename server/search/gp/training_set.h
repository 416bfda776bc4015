// What the surrogate is trained on: the observations that have ended, as points and transformed outputs.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "server/search/searcher.h"
#include "server/search/unit_cube.h"

namespace pegbox {

// An observation that has ended: measured, or failed.
struct Outcome {
  UnitPoint point;
  int64_t trial_number = 0;
  bool is_failure = false;
  bool is_imputed = false;  // Observation::is_imputed
  double value = 0;         // of a measured one; less is better
};

struct TrainingSet {
  std::vector<UnitPoint> points;
  // Standardized (TransformOutputs over the measured ones). A failure counts as worse than any measured value, by half
  // of their range, but not beyond 3 unless a measured value is.
  std::vector<double> outputs;
  std::vector<double> labels;  // +1 measured, -1 failed
  // Of the completed trials, whose values are no guesses: the trial's number. Of the others 0.
  std::vector<int64_t> completed_trials;
  size_t failures = 0;
};

// By trial number.
std::vector<Outcome> CollectOutcomes(const UnitCube& cube, const SearchSnapshot& snapshot);

// Nothing: the measured values do not differ, or fewer than two are there.
std::optional<TrainingSet> MakeTrainingSet(std::span<const Outcome> outcomes);

// At most `limit` outcomes, so that a suggestion's time is bounded: the best `best`, and the most recent of the rest.
// By trial number.
std::vector<Outcome> KeepBestAndRecent(std::vector<Outcome> outcomes, size_t limit, size_t best);

// At most `limit` of the set, for fitting hyperparameters: the best third, and others evenly spread over the trials.
TrainingSet Thin(const TrainingSet& set, size_t limit);

}  // namespace pegbox
