// The texts by which enumerators rest in the database. They are part of the file format: never change one.
#pragma once

#include <cstdlib>
#include <optional>

#include "absl/strings/string_view.h"
#include "server/domain/objective.h"
#include "server/domain/parameter.h"
#include "server/domain/stopping_rule.h"
#include "server/domain/trial.h"
#include "server/domain/tuning_job.h"

namespace pegbox {

template <typename Enum>
struct EnumName {
  Enum value;
  const char* name;
};

template <typename Enum>
struct StoredNames;

template <>
struct StoredNames<TrialState> {
  static constexpr EnumName<TrialState> kAll[] = {
      {TrialState::kQueued, "queued"},     {TrialState::kRunning, "running"},
      {TrialState::kStopping, "stopping"}, {TrialState::kCompleted, "completed"},
      {TrialState::kFailed, "failed"},     {TrialState::kEarlyStopped, "early_stopped"},
      {TrialState::kCanceled, "canceled"},
  };
};

template <>
struct StoredNames<JobState> {
  static constexpr EnumName<JobState> kAll[] = {
      {JobState::kRunning, "running"}, {JobState::kPaused, "paused"},       {JobState::kStopping, "stopping"},
      {JobState::kStopped, "stopped"}, {JobState::kCompleted, "completed"}, {JobState::kFailed, "failed"},
  };
};

template <>
struct StoredNames<EndReason> {
  static constexpr EnumName<EndReason> kAll[] = {
      {EndReason::kMaxJobs, "max_jobs"},
      {EndReason::kMaxRuntime, "max_runtime"},
      {EndReason::kTargetReached, "target_reached"},
      {EndReason::kUser, "user"},
      {EndReason::kSpaceExhausted, "space_exhausted"},
      {EndReason::kTooManyFailures, "too_many_failures"},
  };
};

template <>
struct StoredNames<StopDecision::Outcome> {
  static constexpr EnumName<StopDecision::Outcome> kAll[] = {
      {StopDecision::Outcome::kCompleted, "completed"},
      {StopDecision::Outcome::kEarlyStopped, "early_stopped"},
      {StopDecision::Outcome::kCanceled, "canceled"},
      {StopDecision::Outcome::kTimedOut, "timed_out"},
  };
};

template <>
struct StoredNames<FailureKind> {
  static constexpr EnumName<FailureKind> kAll[] = {
      {FailureKind::kExitCode, "exit_code"},
      {FailureKind::kSignal, "signal"},
      {FailureKind::kOutOfMemory, "out_of_memory"},
      {FailureKind::kTimeout, "timeout"},
      {FailureKind::kDiverged, "diverged"},
      {FailureKind::kNoMetric, "no_metric"},
      {FailureKind::kLost, "lost"},
      {FailureKind::kSpawn, "spawn"},
  };
};

template <>
struct StoredNames<Goal> {
  static constexpr EnumName<Goal> kAll[] = {{Goal::kMinimize, "minimize"}, {Goal::kMaximize, "maximize"}};
};

template <>
struct StoredNames<ObjectiveScope> {
  static constexpr EnumName<ObjectiveScope> kAll[] = {{ObjectiveScope::kBest, "best"}, {ObjectiveScope::kLast, "last"}};
};

template <>
struct StoredNames<Scale> {
  static constexpr EnumName<Scale> kAll[] = {
      {Scale::kLinear, "linear"}, {Scale::kLog, "log"}, {Scale::kReverseLog, "reverse_log"}};
};

template <>
struct StoredNames<Algorithm> {
  static constexpr EnumName<Algorithm> kAll[] = {
      {Algorithm::kBayesian, "bayesian"}, {Algorithm::kRandom, "random"}, {Algorithm::kSobol, "sobol"}};
};

template <typename Enum>
const char* StoredName(Enum value) {
  for (const EnumName<Enum>& entry : StoredNames<Enum>::kAll) {
    if (entry.value == value) return entry.name;
  }
  std::abort();
}

// Nothing: no enumerator has this name.
template <typename Enum>
std::optional<Enum> FromStoredName(absl::string_view name) {
  for (const EnumName<Enum>& entry : StoredNames<Enum>::kAll) {
    if (name == entry.name) return entry.value;
  }
  return std::nullopt;
}

}  // namespace pegbox
