#include "server/engine/trial_reports.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status_macros.h"
#include "server/engine/job_search.h"

namespace pegbox {
namespace {

// Takes one report of the objective into the trial's value.
void TakeIn(const Objective& objective, const Measurement& row, Trial& trial) {
  trial.last_step = std::max(trial.last_step.value_or(row.step), row.step);
  if (!std::isfinite(row.value)) return;
  bool is_the_value = !trial.value.has_value();
  if (!is_the_value && objective.scope == ObjectiveScope::kLast) is_the_value = row.step > *trial.best_step;
  if (!is_the_value && objective.scope == ObjectiveScope::kBest) {
    is_the_value =
        IsBetter(objective.goal, row.value, *trial.value) || (row.value == *trial.value && row.step < *trial.best_step);
  }
  if (!is_the_value) return;
  trial.value = row.value;
  trial.best_step = row.step;
}

// The fence: ABORTED unless this attempt is the trial's current one and the speaker's.
absl::Status CheckHolder(const Trial& trial, const AttemptId& id, const std::optional<WorkerIdentity>& worker) {
  if (!worker.has_value()) return CheckClientAttempt(trial, id.attempt);
  return CheckAttempt(trial, id.attempt, worker->worker_id, worker->incarnation);
}

// True when this very attempt was ended by this very speaker: the reply to an earlier call was lost.
bool IsRepeated(const Trial& trial, const AttemptEnd& end) {
  if (IsLive(trial.state) || !trial.attempt.has_value() || trial.attempt->number != end.id.attempt) return false;
  const Attempt& attempt = *trial.attempt;
  if (end.worker.has_value()) {
    return attempt.worker_id == end.worker->worker_id && attempt.incarnation == end.worker->incarnation;
  }
  // A client must hear it when its lease ended first, for then its result was not taken.
  const bool was_lost = attempt.failure.has_value() && IsInfrastructure(attempt.failure->kind);
  const bool is_lost = end.failure.has_value() && IsInfrastructure(end.failure->kind);
  return attempt.client.has_value() && was_lost == is_lost;
}

// Stores the rows that are new and takes those of the objective into the trial's value.
absl::StatusOr<std::vector<size_t>> StoreRows(Transaction& tx, const Objective& objective,
                                              const std::vector<Measurement>& rows, Trial& trial) {
  PEGBOX_ASSIGN_OR_RETURN(std::vector<size_t> inserted, tx.InsertMeasurements(trial.id, trial.attempt->number, rows));
  for (size_t index : inserted) {
    if (rows[index].metric == objective.metric) TakeIn(objective, rows[index], trial);
  }
  return inserted;
}

std::vector<Measurement> RowsOfObjective(const Objective& objective, const std::vector<Measurement>& rows,
                                         const std::vector<size_t>& indexes) {
  std::vector<Measurement> of_objective;
  for (size_t index : indexes) {
    if (rows[index].metric == objective.metric) of_objective.push_back(rows[index]);
  }
  return of_objective;
}

}  // namespace

absl::StatusOr<ReportResult> TrialReports::Report(const TrialReport& report) {
  const TrialId& id = report.id.trial;
  PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(id.job_id));
  Trial trial;
  NewRows new_rows;
  PEGBOX_RETURN_IF_ERROR(Commit(report, live_job->job().spec.objective, trial, new_rows));
  const absl::Time now = core_.clock.Now();
  core_.leases.Renew(trial, now);
  ReportResult result = {.new_measurements = new_rows.count};
  if (report.worker.has_value()) {
    core_.leases.HeardFrom(report.worker->worker_id, now);
    PEGBOX_ASSIGN_OR_RETURN(result.log_size,
                            core_.trial_log.Append(id, report.id.attempt, report.log_offset, report.log_data));
  }
  if (!new_rows.of_objective.empty()) PEGBOX_RETURN_IF_ERROR(Judge(*live_job, new_rows.of_objective, trial));
  if (trial.state == TrialState::kStopping) result.stop = trial.stop;
  if (result.new_measurements > 0 || !report.log_data.empty()) core_.signal.Notify(JobTopic(id.job_id));
  return result;
}

absl::Status TrialReports::Commit(const TrialReport& report, const Objective& objective, Trial& trial,
                                  NewRows& new_rows) {
  const auto check = [&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(trial, reader.GetTrial(report.id.trial));
    return CheckHolder(trial, report.id, report.worker);
  };
  const bool is_write = !report.measurements.empty() || report.checkpoint_step.has_value();
  if (!is_write) return core_.store.Read(check);

  return core_.store.Write(Store::Priority::kMeasurements, [&](Transaction& tx) -> absl::Status {
    PEGBOX_RETURN_IF_ERROR(check(tx));
    const Trial before = trial;
    PEGBOX_ASSIGN_OR_RETURN(const std::vector<size_t> inserted, StoreRows(tx, objective, report.measurements, trial));
    new_rows = {.count = std::ssize(inserted),
                .of_objective = RowsOfObjective(objective, report.measurements, inserted)};
    if (report.checkpoint_step.has_value()) {
      trial.checkpoint_step = report.checkpoint_step;
      trial.checkpoint_path = report.checkpoint_path;
    }
    return trial == before ? absl::OkStatus() : tx.PutTrial(trial);
  });
}

absl::Status TrialReports::Judge(LiveJob& live_job, const std::vector<Measurement>& new_rows, Trial& trial) {
  const TuningJob& job = live_job.job();
  if (trial.value.has_value() && ReachesTarget(job.spec.objective, *trial.value)) core_.jobs_to_plan.Push(job.id);
  const std::optional<StopDecision> decision = live_job.AddAndEvaluate(trial.id.number, new_rows);
  if (!decision.has_value() || trial.state != TrialState::kRunning) return absl::OkStatus();
  const int64_t attempt = trial.attempt->number;
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(trial, tx.GetTrial(trial.id));
    const bool is_still_running = trial.state == TrialState::kRunning && trial.attempt->number == attempt;
    if (!is_still_running) return absl::OkStatus();
    PEGBOX_RETURN_IF_ERROR(RequestStop(trial, *decision, core_.clock.Now()));
    return tx.PutTrial(trial);
  }));
  Log()->info("trial told to stop trial={} rule={} step={} value={} threshold={} compared_trials={}",
              TrialName(trial.id), decision->rule, decision->step, decision->value, decision->threshold,
              decision->compared_trials);
  return absl::OkStatus();
}

absl::StatusOr<Trial> TrialReports::Finish(const AttemptEnd& end) {
  const TrialId& id = end.id.trial;
  PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(id.job_id));
  const Objective& objective = live_job->job().spec.objective;
  Trial trial;
  std::vector<Measurement> new_rows;
  bool is_repeated = false;
  int64_t queued = 0;
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(trial, tx.GetTrial(id));
    is_repeated = IsRepeated(trial, end);
    if (is_repeated) return absl::OkStatus();
    PEGBOX_RETURN_IF_ERROR(CheckHolder(trial, end.id, end.worker));
    PEGBOX_ASSIGN_OR_RETURN(const std::vector<size_t> inserted, StoreRows(tx, objective, end.measurements, trial));
    new_rows = RowsOfObjective(objective, end.measurements, inserted);
    const absl::Time now = core_.clock.Now();
    PEGBOX_RETURN_IF_ERROR(pegbox::Finish(trial, end.failure, trial.last_step.has_value(), now));
    PEGBOX_RETURN_IF_ERROR(tx.PutTrial(trial));
    // In the same commit: the worker that became free finds its next trial at once.
    PEGBOX_ASSIGN_OR_RETURN(queued, QueueReady(tx, *live_job, now));
    return absl::OkStatus();
  }));
  if (is_repeated) return trial;
  core_.leases.Drop(id, end.id.attempt);
  live_job->Add(id.number, new_rows);
  live_job->TrialEnded(trial);
  Log()->info("trial ended trial={} attempt={} state={} failure={}", TrialName(id), end.id.attempt,
              ToString(trial.state), trial.failure.has_value() ? ToString(trial.failure->kind) : "none");
  core_.jobs_to_plan.Push(id.job_id);
  if (queued > 0) core_.jobs_to_suggest.Push(id.job_id);  // the next are to be ready
  core_.signal.Notify(JobTopic(id.job_id));
  core_.signal.Notify(kDispatchTopic);
  return trial;
}

}  // namespace pegbox
