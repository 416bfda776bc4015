// A tuning job, its specification and the rules of its life.
//
//   RUNNING <-> PAUSED
//   RUNNING, PAUSED -> STOPPING (its trials end first) -> STOPPED | COMPLETED | FAILED, as end_reason says
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/domain/objective.h"
#include "server/domain/search_space.h"
#include "server/domain/stopping_rule.h"
#include "server/domain/trial.h"

namespace pegbox {

enum class Algorithm { kBayesian, kRandom, kSobol };

struct Strategy {
  Algorithm algorithm = Algorithm::kBayesian;
  std::optional<uint64_t> seed;  // chosen when the job is created, if absent then; every stored job has one
  friend bool operator==(const Strategy&, const Strategy&) = default;
};

struct MetricDefinition {
  std::string name;
  std::string regex;
  friend bool operator==(const MetricDefinition&, const MetricDefinition&) = default;
};

struct TrialTemplate {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  std::string working_directory;
  std::vector<MetricDefinition> metric_definitions;
  absl::Duration grace_period = absl::Seconds(10);
  absl::Duration max_runtime = absl::InfiniteDuration();
  friend bool operator==(const TrialTemplate&, const TrialTemplate&) = default;
};

struct TuningJobSpec {
  std::string display_name;
  Objective objective;
  SearchSpace search_space;
  int64_t max_jobs = 0;
  int64_t max_parallel_jobs = 1;
  absl::Duration max_runtime = absl::InfiniteDuration();
  Strategy strategy;
  std::vector<StoppingRule> early_stopping;
  std::optional<TrialTemplate> trial;  // absent: for programs that ask for trials themselves, not for workers
  int64_t max_consecutive_failures = 5;
  friend bool operator==(const TuningJobSpec&, const TuningJobSpec&) = default;
};

// INVALID_ARGUMENT, opening with `field` and the place, for any rule of proto/pegbox/v1/tuning_job.proto that is
// broken. The search space is valid by its type.
absl::Status ValidateSpec(const TuningJobSpec& spec, absl::string_view field = "spec");

enum class JobState { kRunning, kPaused, kStopping, kStopped, kCompleted, kFailed };
inline constexpr JobState kAllJobStates[] = {JobState::kRunning, JobState::kPaused,    JobState::kStopping,
                                             JobState::kStopped, JobState::kCompleted, JobState::kFailed};
enum class EndReason { kMaxJobs, kMaxRuntime, kTargetReached, kUser, kSpaceExhausted, kTooManyFailures };

bool CanTransition(JobState from, JobState to);
bool IsTerminal(JobState state);
absl::string_view ToString(JobState state);
absl::string_view ToString(EndReason reason);
// The state that a job with this reason comes to rest in.
JobState FinalState(EndReason reason);

struct TuningJob {
  std::string id;
  TuningJobSpec spec;
  JobState state = JobState::kRunning;
  std::optional<EndReason> end_reason;
  std::string end_detail;
  absl::Time create_time;
  std::optional<absl::Time> end_time;
  std::string request_id;

  // Set by the store on each write; grows with every change of anything.
  int64_t revision = 0;

  friend bool operator==(const TuningJob&, const TuningJob&) = default;
};

// Trials of one job, by state.
struct TrialCounts {
  int64_t queued = 0;
  int64_t running = 0;
  int64_t stopping = 0;
  int64_t completed = 0;
  int64_t early_stopped = 0;
  int64_t failed = 0;
  int64_t canceled = 0;

  int64_t live() const { return running + stopping; }
  int64_t total() const { return queued + live() + completed + early_stopped + failed + canceled; }
  int64_t& operator[](TrialState state);
  friend bool operator==(const TrialCounts&, const TrialCounts&) = default;
};

// RUNNING or PAUSED -> STOPPING. No change when it is stopping or has ended for the same reason.
// FAILED_PRECONDITION: it is ending, or has ended, for another reason.
absl::Status RequestEnd(TuningJob& job, EndReason reason, absl::string_view detail);
// STOPPING -> its final state. FAILED_PRECONDITION: it is not stopping.
absl::Status ComeToRest(TuningJob& job, absl::Time now);
// FAILED_PRECONDITION: neither running nor paused.
absl::Status Pause(TuningJob& job);
absl::Status Resume(TuningJob& job);

}  // namespace pegbox
