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

// Measured before failed, then by value, then the earlier one.
bool IsBetterOutcome(const Outcome& a, const Outcome& b);

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

// By trial number. `points` of the snapshot's observations.
std::vector<Outcome> CollectOutcomes(std::span<const UnitPoint> points, const SearchSnapshot& snapshot);

// Nothing: the measured values do not differ, or fewer than two are there.
std::optional<TrainingSet> MakeTrainingSet(std::span<const Outcome> outcomes);

// Those of the set that were measured.
TrainingSet Measured(const TrainingSet& set);

// Points that differ by less than 1e-6 in each coordinate, and are both measured or both failed, become one, with the
// mean of their outputs.
TrainingSet MergeNearDuplicates(const TrainingSet& set);

// At most `limit` of the set, for fitting hyperparameters: the best third, and others evenly spread over the trials.
TrainingSet Thin(const TrainingSet& set, size_t limit);

}  // namespace pegbox
