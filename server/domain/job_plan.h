// What should happen to a job next. A pure function of what is known; carried out by the engine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "server/domain/tuning_job.h"

namespace pegbox {

struct JobSnapshot {
  const TuningJob& job;
  TrialCounts counts;
  std::optional<double> best_value;  // of all trials so far
  int64_t consecutive_failures = 0;  // failed trials since the last one that did not fail
  std::string last_failure;          // a sentence
  bool is_space_exhausted = false;   // no assignment is left to suggest
};

struct JobPlan {
  int64_t suggestions = 0;              // how many trials to add to the queue now
  std::optional<EndReason> end_reason;  // begin to end the job
  std::string end_detail;               // a sentence for people
  bool stop_trials = false;             // cancel the queued, stop the running
  bool come_to_rest = false;            // the job is stopping and nothing lives any more
  friend bool operator==(const JobPlan&, const JobPlan&) = default;
};

// Idempotent: the plan of a job to which the plan was applied asks for nothing more, until something changes.
JobPlan PlanJob(const JobSnapshot& snapshot, absl::Time now);

}  // namespace pegbox
