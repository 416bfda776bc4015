#include "server/engine/trial_reports.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status_macros.h"

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

// True when this very attempt has ended already: the reply to an earlier call was lost.
bool HasEnded(const Trial& trial, const WorkerIdentity& worker, const AttemptId& id) {
  return !IsLive(trial.state) && trial.attempt.has_value() && trial.attempt->number == id.attempt &&
         trial.attempt->worker_id == worker.worker_id && trial.attempt->incarnation == worker.incarnation;
}

}  // namespace

absl::StatusOr<ReportResult> TrialReports::Report(const TrialReport& report) {
  const TrialId& id = report.id.trial;
  PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(id.job_id));
  ReportResult result;
  Trial trial;
  std::vector<Measurement> new_rows;
  PEGBOX_RETURN_IF_ERROR(Commit(report, trial, new_rows, result.new_measurements));
  const absl::Time now = core_.clock.Now();
  core_.leases.Renew(id, report.id.attempt, now);
  core_.leases.HeardFrom(report.worker.worker_id, now);
  PEGBOX_ASSIGN_OR_RETURN(result.log_size,
                          core_.trial_log.Append(id, report.id.attempt, report.log_offset, report.log_data));
  if (!new_rows.empty()) PEGBOX_RETURN_IF_ERROR(Judge(*live_job, new_rows, trial));
  if (trial.state == TrialState::kStopping) result.stop = trial.stop;
  if (result.new_measurements > 0 || !report.log_data.empty()) core_.signal.Notify(JobTopic(id.job_id));
  return result;
}

absl::Status TrialReports::Commit(const TrialReport& report, Trial& trial, std::vector<Measurement>& new_objective_rows,
                                  int64_t& new_measurements) {
  const auto check = [&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(trial, reader.GetTrial(report.id.trial));
    return CheckAttempt(trial, report.id.attempt, report.worker.worker_id, report.worker.incarnation);
  };
  const bool is_write = !report.measurements.empty() || report.checkpoint_step.has_value();
  if (!is_write) return core_.store.Read(check);

  PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(report.id.trial.job_id));
  const Objective& objective = live_job->job().spec.objective;
  return core_.store.Write(Store::Priority::kMeasurements, [&](Transaction& tx) -> absl::Status {
    PEGBOX_RETURN_IF_ERROR(check(tx));
    const Trial before = trial;
    PEGBOX_ASSIGN_OR_RETURN(const std::vector<size_t> inserted,
                            tx.InsertMeasurements(report.id.trial, report.id.attempt, report.measurements));
    new_measurements = std::ssize(inserted);
    for (size_t index : inserted) {
      const Measurement& row = report.measurements[index];
      if (row.metric != objective.metric) continue;
      TakeIn(objective, row, trial);
      new_objective_rows.push_back(row);
    }
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

absl::Status TrialReports::Finish(const WorkerIdentity& worker, const AttemptId& id, std::optional<Failure> failure) {
  Trial trial;
  bool is_repeated = false;
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(trial, tx.GetTrial(id.trial));
    is_repeated = HasEnded(trial, worker, id);
    if (is_repeated) return absl::OkStatus();
    PEGBOX_RETURN_IF_ERROR(CheckAttempt(trial, id.attempt, worker.worker_id, worker.incarnation));
    PEGBOX_RETURN_IF_ERROR(pegbox::Finish(trial, std::move(failure), trial.last_step.has_value(), core_.clock.Now()));
    return tx.PutTrial(trial);
  }));
  if (is_repeated) return absl::OkStatus();
  core_.leases.Drop(id.trial, id.attempt);
  PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(id.trial.job_id));
  live_job->TrialEnded(trial);
  Log()->info("trial ended trial={} attempt={} state={} failure={}", TrialName(id.trial), id.attempt,
              ToString(trial.state), trial.failure.has_value() ? ToString(trial.failure->kind) : "none");
  core_.jobs_to_plan.Push(id.trial.job_id);
  core_.signal.Notify(JobTopic(id.trial.job_id));
  core_.signal.Notify(kDispatchTopic);
  return absl::OkStatus();
}

}  // namespace pegbox
