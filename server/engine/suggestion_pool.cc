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
  const absl::Status status = QueueReady(*live_job);
  jobs_to_suggest_.Push(job_id);
  return status;
}

void SuggestionPool::Run() {
  while (!jobs_to_suggest_.is_closed()) LogIfFailed("suggesting", RunOnce(kIdle));
}

void SuggestionPool::RunFits() {
  while (!jobs_to_fit_.is_closed()) LogIfFailed("fitting", RunFitOnce(kIdle));
}

void SuggestionPool::Close() {
  jobs_to_suggest_.Close();
  jobs_to_fit_.Close();
}

std::optional<absl::Status> SuggestionPool::RunOnce(absl::Duration timeout) {
  const std::optional<std::string> job_id = jobs_to_suggest_.Pop(timeout);
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
  if (again_.erase(*job_id) > 0) jobs_to_suggest_.Push(*job_id);
  return status;
}

std::optional<absl::Status> SuggestionPool::RunFitOnce(absl::Duration timeout) {
  const std::optional<std::string> job_id = jobs_to_fit_.Pop(timeout);
  if (!job_id.has_value()) return std::nullopt;
  PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(*job_id));
  return live_job->search(make_searcher_, core_.clock).MakeFit();
}

absl::Status SuggestionPool::SuggestFor(absl::string_view job_id) {
  PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(job_id));
  JobSearch& search = live_job->search(make_searcher_, core_.clock);
  absl::Time last_queued = core_.clock.Now();
  bool is_used_up = false;  // the space
  while (!jobs_to_suggest_.is_closed()) {
    PEGBOX_ASSIGN_OR_RETURN(const PlannedJob planned, Refresh(*live_job, search));
    const int64_t trials = planned.counts.total();
    const int64_t wanted = planned.plan.suggestions;
    search.DropUpTo(trials);
    if (search.ClaimFit()) jobs_to_fit_.Push(job_id);

    const int64_t ready = search.CountReady(trials);
    const bool is_time = ready >= wanted || is_used_up || core_.clock.Now() - last_queued > kGather;
    if (wanted > 0 && ready > 0 && is_time) {
      PEGBOX_RETURN_IF_ERROR(QueueReady(*live_job));
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

absl::Status SuggestionPool::QueueReady(LiveJob& live_job) {
  const JobSearch& search = live_job.search(make_searcher_, core_.clock);
  if (search.CountReady(/*trials=*/0) == 0) return absl::OkStatus();
  const std::string& job_id = live_job.job().id;
  const absl::Time now = core_.clock.Now();
  bool is_queued = false;
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const PlannedJob planned, PlanFrom(tx, live_job, now));
    int64_t number = planned.counts.total();
    for (Suggestion& suggestion : search.Ready(number, planned.plan.suggestions)) {
      PEGBOX_RETURN_IF_ERROR(tx.PutTrial({.id = {.job_id = job_id, .number = ++number},
                                          .parameters = std::move(suggestion.parameters),
                                          .provenance = std::move(suggestion.provenance),
                                          .create_time = now}));
      is_queued = true;
    }
    return absl::OkStatus();
  }));
  if (!is_queued) return absl::OkStatus();
  core_.jobs_to_plan.Push(job_id);
  core_.signal.Notify(JobTopic(job_id));
  core_.signal.Notify(kDispatchTopic);
  return absl::OkStatus();
}

}  // namespace pegbox
