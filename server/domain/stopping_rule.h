// The early-stopping rules that a job asks for, and what a rule says. How they decide is server/stopping's.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

namespace pegbox {

struct MedianRule {
  int64_t min_completed_trials = 5;
  int64_t min_steps = 1;
  friend bool operator==(const MedianRule&, const MedianRule&) = default;
};

struct PatienceRule {
  int64_t patience = 0;
  double min_delta = 0;
  int64_t min_steps = 0;
  friend bool operator==(const PatienceRule&, const PatienceRule&) = default;
};

using StoppingRule = std::variant<MedianRule, PatienceRule>;

// Why a trial was told to stop, with the numbers that the decision rests on.
struct StopDecision {
  // What the trial becomes when it has ended.
  enum class Outcome {
    kCompleted,     // it was done learning: its value stands
    kEarlyStopped,  // it fell behind the others
    kCanceled,      // a user or the end of the job
    kTimedOut,      // it ran longer than its job allows: a failure
  };

  std::string rule;  // "median", "patience", "user", "job", "max_runtime"
  Outcome outcome = Outcome::kCanceled;
  int64_t step = 0;
  double value = 0;
  double threshold = 0;
  int64_t compared_trials = 0;
  std::string explanation;

  friend bool operator==(const StopDecision&, const StopDecision&) = default;
};

}  // namespace pegbox
