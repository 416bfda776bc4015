// Whether a job's trials overfit or underfit, which parameters move the gap between training and validation, and which
// bounds of their ranges the best trials press against.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/diagnosis/generalization.h"
#include "server/diagnosis/rank_statistics.h"
#include "server/domain/objective.h"
#include "server/domain/parameter.h"
#include "server/domain/search_space.h"

namespace pegbox {

// One trial with both curves.
struct TrialCurves {
  int64_t trial_number = 0;
  Assignment parameters;
  std::optional<double> value;  // the trial's, of the job's objective
  bool was_stopped = false;     // by a rule, a user or the job: its last step says nothing about its length
  MetricCurve train;
  MetricCurve validation;
};

struct DiagnosedTrial {
  int64_t trial_number = 0;
  std::optional<double> value;
  Generalization generalization;
  int64_t last_step = 0;
};

// What goes with higher values of a parameter, or, of a categorical one, with its values.
struct ParameterEffect {
  std::string parameter;
  bool is_ordered = true;
  int64_t trials = 0;  // in which it was active
  Association with_gap;
  Association with_value;  // of the job's objective; positive: higher is worse
  double low_gap = 0;      // mean gap in the lowest third of its values; of a category: of the one with the least gap
  double high_gap = 0;     // in the highest third; of the category with the greatest gap
};

struct BoundPressure {
  std::string parameter;
  bool is_maximum = false;
  double bound = 0;
  int64_t trials = 0;       // of the best ones that lie within 5 % of the range from the bound
  int64_t best_trials = 0;  // how many best ones were looked at
};

enum class Verdict { kTooFewTrials, kOverfits, kUnderfits, kGeneralizes };

struct JobDiagnosis {
  MetricPair pair;
  Verdict verdict = Verdict::kTooFewTrials;
  int64_t diverged_trials = 0;
  std::optional<int64_t> median_divergence_step;
  double median_gap = 0;    // of the best trials
  double median_train = 0;  // at the best epoch, likewise
  double median_validation = 0;
  std::vector<int64_t> best_trials;      // the best quarter of those with a value, at least 3; the best first
  std::vector<DiagnosedTrial> trials;    // by number
  std::vector<ParameterEffect> effects;  // the strongest on the gap first
  std::vector<BoundPressure> pressures;
  std::vector<std::string> findings;  // the above in sentences
};

// Effects are told from 8 trials on, a verdict from 5.
JobDiagnosis DiagnoseJob(const SearchSpace& space, const Objective& objective, const MetricPair& pair,
                         const std::vector<TrialCurves>& trials);

}  // namespace pegbox
