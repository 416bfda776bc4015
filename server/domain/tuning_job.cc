#include "server/domain/tuning_job.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "common/resource_name.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"
#include "server/domain/trial_template_validation.h"

namespace pegbox {
namespace {

constexpr size_t kMaxDisplayNameBytes = 128;
constexpr size_t kMaxStoppingRules = 16;
constexpr int64_t kMaxJobs = 1'000'000;
constexpr int64_t kMaxParallelJobs = 10'000;
constexpr int64_t kMaxComparedTrials = 1'000;
constexpr int64_t kMaxPatience = 1'000'000;
constexpr int64_t kMaxSteps = int64_t{1} << 53;

// `limits` says min to max in words.
absl::Status ValidateCount(int64_t value, int64_t min, int64_t max, absl::string_view limits, absl::string_view field) {
  if (value >= min && value <= max) return absl::OkStatus();
  return InvalidArgument(field, absl::StrCat("must be ", limits), absl::StrCat(value), "choose a number between");
}

struct StoppingRuleLimits {
  absl::string_view field;

  absl::Status operator()(const MedianRule& rule) const {
    PEGBOX_RETURN_IF_ERROR(ValidateCount(rule.min_completed_trials, 1, kMaxComparedTrials, "1 to 1,000",
                                         absl::StrCat(field, ".median.min_completed_trials")));
    return ValidateCount(rule.min_steps, 0, kMaxSteps, "0 to 2^53", absl::StrCat(field, ".median.min_steps"));
  }

  absl::Status operator()(const PatienceRule& rule) const {
    PEGBOX_RETURN_IF_ERROR(
        ValidateCount(rule.patience, 1, kMaxPatience, "1 to 1,000,000", absl::StrCat(field, ".patience.patience")));
    if (!std::isfinite(rule.min_delta) || rule.min_delta < 0) {
      return InvalidArgument(absl::StrCat(field, ".patience.min_delta"), "must be finite, 0 or more",
                             ToString(rule.min_delta), "use a positive number for MAXIMIZE and MINIMIZE alike");
    }
    return ValidateCount(rule.min_steps, 0, kMaxSteps, "0 to 2^53", absl::StrCat(field, ".patience.min_steps"));
  }
};

absl::Status ValidateStoppingRules(const std::vector<StoppingRule>& rules, absl::string_view field) {
  if (rules.size() > kMaxStoppingRules) {
    return InvalidArgument(field, "must be at most 16 rules", absl::StrCat(rules.size()), "remove some");
  }
  for (size_t i = 0; i < rules.size(); ++i) {
    const std::string place = absl::StrCat(field, "[", i, "]");
    PEGBOX_RETURN_IF_ERROR(std::visit(StoppingRuleLimits{place}, rules[i]));
  }
  return absl::OkStatus();
}

absl::Status WrongState(const TuningJob& job, absl::string_view needed) {
  return absl::FailedPreconditionError(
      absl::StrCat(TuningJobName(job.id), ": must be ", needed, "; it is ", ToString(job.state)));
}

}  // namespace

absl::Status ValidateSpec(const TuningJobSpec& spec, absl::string_view field) {
  const auto place = [field](absl::string_view name) { return absl::StrCat(field, field.empty() ? "" : ".", name); };
  if (spec.display_name.size() > kMaxDisplayNameBytes) {
    return InvalidArgument(place("display_name"), "must be at most 128 bytes",
                           absl::StrCat(spec.display_name.size(), " bytes"), "shorten it");
  }
  PEGBOX_RETURN_IF_ERROR(ValidateObjective(spec.objective, place("objective")));
  if (spec.search_space.parameters().empty()) {
    return InvalidArgument(place("parameters"), "must be 1 to 256 parameters", "0", "say what to search");
  }
  PEGBOX_RETURN_IF_ERROR(ValidateCount(spec.max_jobs, 1, kMaxJobs, "1 to 1,000,000", place("max_jobs")));
  PEGBOX_RETURN_IF_ERROR(
      ValidateCount(spec.max_parallel_jobs, 1, kMaxParallelJobs, "1 to 10,000", place("max_parallel_jobs")));
  if (spec.max_runtime != absl::InfiniteDuration()) {
    PEGBOX_RETURN_IF_ERROR(ValidateDuration(spec.max_runtime, absl::Seconds(1), absl::Hours(24 * 365),
                                            "1 s to 365 days", place("max_runtime")));
  }
  PEGBOX_RETURN_IF_ERROR(ValidateStoppingRules(spec.early_stopping, place("early_stopping")));
  if (spec.trial.has_value()) {
    PEGBOX_RETURN_IF_ERROR(ValidateTrialTemplate(*spec.trial, spec.search_space, place("trial")));
  }
  return ValidateCount(spec.max_consecutive_failures, 0, kMaxJobs, "0 to 1,000,000, 0 for never",
                       place("max_consecutive_failures"));
}

bool CanTransition(JobState from, JobState to) {
  switch (from) {
    case JobState::kRunning:
      return to == JobState::kPaused || to == JobState::kStopping;
    case JobState::kPaused:
      return to == JobState::kRunning || to == JobState::kStopping;
    case JobState::kStopping:
      return IsTerminal(to);
    case JobState::kStopped:
    case JobState::kCompleted:
    case JobState::kFailed:
      return false;
  }
  return false;
}

bool IsTerminal(JobState state) {
  return state == JobState::kStopped || state == JobState::kCompleted || state == JobState::kFailed;
}

absl::string_view ToString(JobState state) {
  switch (state) {
    case JobState::kRunning:
      return "RUNNING";
    case JobState::kPaused:
      return "PAUSED";
    case JobState::kStopping:
      return "STOPPING";
    case JobState::kStopped:
      return "STOPPED";
    case JobState::kCompleted:
      return "COMPLETED";
    case JobState::kFailed:
      return "FAILED";
  }
  return "";
}

absl::string_view ToString(EndReason reason) {
  switch (reason) {
    case EndReason::kMaxJobs:
      return "MAX_JOBS";
    case EndReason::kMaxRuntime:
      return "MAX_RUNTIME";
    case EndReason::kTargetReached:
      return "TARGET_REACHED";
    case EndReason::kUser:
      return "USER";
    case EndReason::kSpaceExhausted:
      return "SPACE_EXHAUSTED";
    case EndReason::kTooManyFailures:
      return "TOO_MANY_FAILURES";
  }
  return "";
}

JobState FinalState(EndReason reason) {
  switch (reason) {
    case EndReason::kUser:
      return JobState::kStopped;
    case EndReason::kTooManyFailures:
      return JobState::kFailed;
    case EndReason::kMaxJobs:
    case EndReason::kMaxRuntime:
    case EndReason::kTargetReached:
    case EndReason::kSpaceExhausted:
      return JobState::kCompleted;
  }
  return JobState::kFailed;
}

int64_t& TrialCounts::operator[](TrialState state) {
  switch (state) {
    case TrialState::kQueued:
      return queued;
    case TrialState::kRunning:
      return running;
    case TrialState::kStopping:
      return stopping;
    case TrialState::kCompleted:
      return completed;
    case TrialState::kEarlyStopped:
      return early_stopped;
    case TrialState::kFailed:
      return failed;
    case TrialState::kCanceled:
      break;
  }
  return canceled;
}

absl::Status RequestEnd(TuningJob& job, EndReason reason, absl::string_view detail) {
  if (CanTransition(job.state, JobState::kStopping)) {
    job.state = JobState::kStopping;
    job.end_reason = reason;
    job.end_detail = std::string(detail);
    return absl::OkStatus();
  }
  if (job.end_reason == reason) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(TuningJobName(job.id), ": must be RUNNING or PAUSED; it is ",
                                                    ToString(job.state), ", for ", ToString(*job.end_reason)));
}

absl::Status ComeToRest(TuningJob& job, absl::Time now) {
  if (job.state != JobState::kStopping) return WrongState(job, "STOPPING");
  job.state = FinalState(*job.end_reason);
  job.end_time = now;
  return absl::OkStatus();
}

absl::Status Pause(TuningJob& job) {
  if (job.state != JobState::kRunning && job.state != JobState::kPaused) return WrongState(job, "RUNNING or PAUSED");
  job.state = JobState::kPaused;
  return absl::OkStatus();
}

absl::Status Resume(TuningJob& job) {
  if (job.state != JobState::kRunning && job.state != JobState::kPaused) return WrongState(job, "RUNNING or PAUSED");
  job.state = JobState::kRunning;
  return absl::OkStatus();
}

}  // namespace pegbox
