#include "server/engine/reconciler.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status_macros.h"
#include "server/engine/planning.h"

namespace pegbox {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(500);
// A longer pause between two looks means that this process did not run, so that no worker could have been heard.
constexpr absl::Duration kMaxPause = absl::Seconds(15);

void LogIfFailed(absl::string_view what, const absl::Status& status) {
  if (!status.ok()) Log()->error("{} failed: {}", std::string(what), status.ToString());
}

// The running trials that were told to stop, so that their workers can be woken.
absl::StatusOr<std::vector<Trial>> StopTrials(Transaction& tx, const TuningJob& job, absl::Time now) {
  std::vector<Trial> told;
  PEGBOX_ASSIGN_OR_RETURN(
      const std::vector<Trial> trials,
      tx.ListTrials(job.id, {.states = {TrialState::kQueued, TrialState::kRunning}, .limit = job.spec.max_jobs}));
  for (Trial trial : trials) {
    PEGBOX_RETURN_IF_ERROR(RequestStop(trial,
                                       {.rule = "job",
                                        .outcome = StopDecision::Outcome::kCanceled,
                                        .explanation = absl::StrCat("the job ended: ", job.end_detail)},
                                       now));
    PEGBOX_RETURN_IF_ERROR(tx.PutTrial(trial));
    if (trial.state == TrialState::kStopping) told.push_back(std::move(trial));
  }
  return told;
}

}  // namespace

void Reconciler::Run() {
  absl::Time next_tick = core_.clock.Now();
  while (!core_.jobs_to_plan.is_closed()) {
    const std::optional<std::string> job_id = core_.jobs_to_plan.Pop(kTick);
    const absl::Time now = core_.clock.Now();
    if (job_id.has_value()) LogIfFailed(absl::StrCat("planning ", TuningJobName(*job_id)), Plan(*job_id, now));
    if (now < next_tick) continue;
    LogIfFailed("reconciling", RunOnce(now));
    next_tick = now + kTick;
  }
}

absl::Status Reconciler::RunOnce(absl::Time now) {
  PEGBOX_RETURN_IF_ERROR(EndExpiredLeases(now));
  PEGBOX_RETURN_IF_ERROR(StopOverdueTrials(now));
  std::vector<TuningJob> jobs;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(jobs, reader.ListTuningJobs({.live_only = true}));
    return absl::OkStatus();
  }));
  for (const TuningJob& job : jobs) PEGBOX_RETURN_IF_ERROR(Plan(job.id, now));
  return absl::OkStatus();
}

absl::Status Reconciler::EndExpiredLeases(absl::Time now) {
  for (const LeaseTable::ExpiredLease& lease : core_.leases.Expired(now, kMaxPause)) {
    std::optional<Trial> lost;
    PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
      PEGBOX_ASSIGN_OR_RETURN(Trial trial, tx.GetTrial(lease.trial));
      if (!IsLive(trial.state) || trial.attempt->number != lease.attempt) return absl::OkStatus();
      PEGBOX_RETURN_IF_ERROR(
          Lose(trial,
               {.kind = FailureKind::kLost,
                .detail = absl::StrCat(HolderName(*trial.attempt), " was not heard from for the whole lease")},
               now));
      lost = trial;
      return tx.PutTrial(trial);
    }));
    core_.leases.Drop(lease.trial, lease.attempt);
    if (!lost.has_value()) continue;
    Log()->warn("lease ended trial={} attempt={} holder=\"{}\" state={}", TrialName(lease.trial), lease.attempt,
                HolderName(*lost->attempt), ToString(lost->state));
    PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(lease.trial.job_id));
    live_job->TrialEnded(*lost);
    core_.signal.Notify(JobTopic(lease.trial.job_id));
    core_.signal.Notify(WorkerTopic(lost->attempt->worker_id));
    core_.signal.Notify(kDispatchTopic);
  }
  return absl::OkStatus();
}

absl::Status Reconciler::StopOverdueTrials(absl::Time now) {
  std::vector<Trial> live;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(live, reader.ListLiveTrials(""));
    return absl::OkStatus();
  }));
  for (const Trial& listed : live) {
    PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(listed.id.job_id));
    const std::optional<TrialTemplate>& trial_template = live_job->job().spec.trial;
    if (!trial_template.has_value()) continue;
    const absl::Duration max_runtime = trial_template->max_runtime;
    if (listed.state != TrialState::kRunning || now - listed.attempt->start_time <= max_runtime) continue;
    PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
      PEGBOX_ASSIGN_OR_RETURN(Trial trial, tx.GetTrial(listed.id));
      if (trial.state != TrialState::kRunning || trial.attempt != listed.attempt) return absl::OkStatus();
      PEGBOX_RETURN_IF_ERROR(RequestStop(
          trial,
          {.rule = "max_runtime",
           .outcome = StopDecision::Outcome::kTimedOut,
           .step = trial.last_step.value_or(0),
           .value = absl::ToDoubleSeconds(now - trial.attempt->start_time),
           .threshold = absl::ToDoubleSeconds(max_runtime),
           .explanation = absl::StrCat("ran longer than trial.max_runtime, ", absl::FormatDuration(max_runtime))},
          now));
      return tx.PutTrial(trial);
    }));
    core_.signal.Notify(JobTopic(listed.id.job_id));
    core_.signal.Notify(WorkerTopic(listed.attempt->worker_id));
  }
  return absl::OkStatus();
}

absl::Status Reconciler::Plan(absl::string_view job_id, absl::Time now) {
  PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(job_id));
  PlannedJob planned;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(planned, PlanFrom(reader, *live_job, now));
    return absl::OkStatus();
  }));
  if (IsTerminal(planned.job.state)) core_.live_jobs.Forget(job_id);
  const JobPlan& plan = planned.plan;
  if (plan.suggestions > 0) PEGBOX_RETURN_IF_ERROR(suggestion_pool_.Want(job_id));
  const bool has_changes = plan.end_reason.has_value() || plan.stop_trials || plan.come_to_rest;
  return has_changes ? Apply(job_id, now) : absl::OkStatus();
}

absl::Status Reconciler::Apply(absl::string_view job_id, absl::Time now) {
  PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(job_id));
  TuningJob job;
  std::vector<Trial> told;
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const PlannedJob planned, PlanFrom(tx, *live_job, now));
    job = planned.job;
    if (planned.plan.end_reason.has_value()) {
      PEGBOX_RETURN_IF_ERROR(RequestEnd(job, *planned.plan.end_reason, planned.plan.end_detail));
    }
    if (planned.plan.stop_trials) {
      PEGBOX_ASSIGN_OR_RETURN(told, StopTrials(tx, job, now));
    }
    if (planned.plan.come_to_rest) PEGBOX_RETURN_IF_ERROR(ComeToRest(job, now));
    return job == planned.job ? absl::OkStatus() : tx.PutTuningJob(job);
  }));
  for (const Trial& trial : told) core_.signal.Notify(WorkerTopic(trial.attempt->worker_id));
  core_.signal.Notify(JobTopic(job_id));
  core_.signal.Notify(kDispatchTopic);  // who waits for a trial of this job need not wait on
  if (IsTerminal(job.state)) {
    core_.live_jobs.Forget(job_id);
    Log()->info("job ended job={} state={} reason={}", job.id, ToString(job.state), ToString(*job.end_reason));
  } else {
    core_.jobs_to_plan.Push(job_id);  // what was canceled may have been the last that it waited for
  }
  return absl::OkStatus();
}

}  // namespace pegbox
