#include "server/domain/job_plan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace pegbox {
namespace {

struct End {
  EndReason reason;
  std::string detail;
};

// Ends that also come to a job that is paused: nothing that the user does meanwhile can put them off.
std::optional<End> FindEndInAnyCase(const JobSnapshot& snapshot, absl::Time now) {
  const TuningJobSpec& spec = snapshot.job.spec;
  if (snapshot.best_value.has_value() && ReachesTarget(spec.objective, *snapshot.best_value)) {
    return End{EndReason::kTargetReached, absl::StrCat(spec.objective.metric, " ", ToString(*snapshot.best_value),
                                                       " reached the target ", ToString(*spec.objective.target))};
  }
  if (now >= snapshot.job.create_time + spec.max_runtime) {
    return End{EndReason::kMaxRuntime,
               absl::StrCat(absl::FormatDuration(spec.max_runtime), " passed since the job was created")};
  }
  return std::nullopt;
}

std::optional<End> FindEndWhileRunning(const JobSnapshot& snapshot) {
  const TuningJobSpec& spec = snapshot.job.spec;
  const TrialCounts& counts = snapshot.counts;
  if (spec.max_consecutive_failures > 0 && snapshot.consecutive_failures >= spec.max_consecutive_failures) {
    return End{EndReason::kTooManyFailures, absl::StrCat(snapshot.consecutive_failures,
                                                         " trials failed in a row; the last: ", snapshot.last_failure)};
  }
  if (counts.queued > 0 || counts.live() > 0) return std::nullopt;
  if (counts.total() >= spec.max_jobs) {
    return End{EndReason::kMaxJobs, absl::StrCat("all ", counts.total(), " trials have ended")};
  }
  if (snapshot.is_space_exhausted) {
    return End{EndReason::kSpaceExhausted,
               absl::StrCat("every point of the search space was tried, in ", counts.total(), " trials")};
  }
  return std::nullopt;
}

int64_t CountSuggestions(const JobSnapshot& snapshot) {
  if (snapshot.is_space_exhausted) return 0;
  const TuningJobSpec& spec = snapshot.job.spec;
  const TrialCounts& counts = snapshot.counts;
  const int64_t left = spec.max_jobs - counts.total();
  const int64_t room = spec.max_parallel_jobs - counts.live() - counts.queued;
  return std::max<int64_t>(0, std::min(left, room));
}

}  // namespace

JobPlan PlanJob(const JobSnapshot& snapshot, absl::Time now) {
  JobPlan plan;
  const JobState state = snapshot.job.state;
  if (IsTerminal(state)) return plan;
  if (state != JobState::kStopping) {
    std::optional<End> end = FindEndInAnyCase(snapshot, now);
    if (!end.has_value() && state == JobState::kRunning) end = FindEndWhileRunning(snapshot);
    if (!end.has_value()) {
      if (state == JobState::kRunning) plan.suggestions = CountSuggestions(snapshot);
      return plan;
    }
    plan.end_reason = end->reason;
    plan.end_detail = std::move(end->detail);
  }
  plan.stop_trials = snapshot.counts.queued > 0 || snapshot.counts.running > 0;
  plan.come_to_rest = snapshot.counts.queued + snapshot.counts.live() == 0;
  return plan;
}

}  // namespace pegbox
