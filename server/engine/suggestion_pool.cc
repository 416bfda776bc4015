#include "server/engine/suggestion_pool.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "common/log.h"
#include "common/status_macros.h"

namespace pegbox {
namespace {

constexpr absl::Duration kIdle = absl::Seconds(1);
// Suggestions that are wanted wait so long for others, to be queued in one commit.
constexpr absl::Duration kGather = absl::Milliseconds(10);

void LogIfFailed(absl::string_view what, const std::optional<absl::Status>& status) {
  if (status.has_value() && !status->ok()) Log()->error("{} failed: {}", std::string(what), status->ToString());
}

// How many suggestions should be there: those wanted now, and those kept ready.
int64_t CountTarget(const PlannedJob& planned, const LiveJob& live_job, const JobSearch& search) {
  const TuningJobSpec& spec = planned.job.spec;
  const bool goes_on = planned.job.state == JobState::kRunning && !planned.plan.end_reason.has_value();
  if (!goes_on) return 0;
  const int64_t ahead = SuggestionsAhead(spec.max_parallel_jobs, search.suggest_time(), live_job.TimeBetweenEnds());
  return std::min(planned.plan.suggestions + ahead, spec.max_jobs - planned.counts.total());
}

}  // namespace

absl::Status SuggestionPool::Want(absl::string_view job_id) {
  PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(job_id));
  const absl::Status status = Queue(*live_job);
  core_.jobs_to_suggest.Push(job_id);
  return status;
}

void SuggestionPool::Run() {
  while (!core_.jobs_to_suggest.is_closed()) LogIfFailed("suggesting", RunOnce(kIdle));
}

void SuggestionPool::RunFits() {
  while (!jobs_to_fit_.is_closed()) LogIfFailed("fitting", RunFitOnce(kIdle));
}

void SuggestionPool::Close() { jobs_to_fit_.Close(); }

std::optional<absl::Status> SuggestionPool::RunOnce(absl::Duration timeout) {
  const std::optional<std::string> job_id = core_.jobs_to_suggest.Pop(timeout);
  if (!job_id.has_value()) return std::nullopt;
  {
    absl::MutexLock lock(&mu_);
    if (!computing_.insert(*job_id).second) {
      again_.insert(*job_id);
      return absl::OkStatus();
    }
  }
  const absl::Status status = SuggestFor(*job_id);
  absl::MutexLock lock(&mu_);
  computing_.erase(*job_id);
  if (again_.erase(*job_id) > 0) core_.jobs_to_suggest.Push(*job_id);
  return status;
}

std::optional<absl::Status> SuggestionPool::RunFitOnce(absl::Duration timeout) {
  const std::optional<std::string> job_id = jobs_to_fit_.Pop(timeout);
  if (!job_id.has_value()) return std::nullopt;
  PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(*job_id));
  return live_job->MakeSearch(make_searcher_, core_.clock).MakeFit();
}

absl::Status SuggestionPool::SuggestFor(absl::string_view job_id) {
  PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(job_id));
  JobSearch& search = live_job->MakeSearch(make_searcher_, core_.clock);
  absl::Time last_queued = core_.clock.Now();
  bool is_used_up = false;  // the space
  while (!core_.jobs_to_suggest.is_closed()) {
    PEGBOX_ASSIGN_OR_RETURN(const PlannedJob planned, Refresh(*live_job, search));
    const int64_t trials = planned.counts.total();
    const int64_t wanted = planned.plan.suggestions;
    search.DropUpTo(trials);
    if (search.ClaimFit()) jobs_to_fit_.Push(job_id);

    const int64_t ready = search.CountReady(trials);
    const bool is_time = ready >= wanted || is_used_up || core_.clock.Now() - last_queued > kGather;
    if (wanted > 0 && ready > 0 && is_time) {
      PEGBOX_RETURN_IF_ERROR(Queue(*live_job));
      last_queued = core_.clock.Now();
      continue;
    }
    if (is_used_up && ready == 0) {
      live_job->set_space_exhausted();
      core_.jobs_to_plan.Push(job_id);
    }
    if (is_used_up || ready >= CountTarget(planned, *live_job, search)) return absl::OkStatus();
    PEGBOX_ASSIGN_OR_RETURN(const bool is_found, search.Suggest(trials));
    is_used_up = !is_found;
  }
  return absl::OkStatus();
}

absl::StatusOr<PlannedJob> SuggestionPool::Refresh(const LiveJob& live_job, JobSearch& search) const {
  PlannedJob planned;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(planned, PlanFrom(reader, live_job, core_.clock.Now()));
    return search.Refresh(reader, live_job);
  }));
  return planned;
}

absl::Status SuggestionPool::Queue(LiveJob& live_job) {
  const JobSearch* const search = live_job.search();
  if (search == nullptr || search->CountReady(/*trials=*/0) == 0) return absl::OkStatus();
  int64_t queued = 0;
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(queued, QueueReady(tx, live_job, core_.clock.Now()));
    return absl::OkStatus();
  }));
  if (queued == 0) return absl::OkStatus();
  const std::string& job_id = live_job.job().id;
  core_.jobs_to_plan.Push(job_id);
  core_.signal.Notify(JobTopic(job_id));
  core_.signal.Notify(kDispatchTopic);
  return absl::OkStatus();
}

}  // namespace pegbox
