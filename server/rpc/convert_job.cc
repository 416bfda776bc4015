#include "server/rpc/convert_job.h"

#include "common/resource_name.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"
#include "server/rpc/convert_spec.h"
#include "server/rpc/convert_time.h"

namespace pegbox {
namespace {

using pegbox::ToProto;

v1::TuningJob::EndReason ToProto(EndReason reason) {
  switch (reason) {
    case EndReason::kMaxJobs:
      return v1::TuningJob::MAX_JOBS;
    case EndReason::kMaxRuntime:
      return v1::TuningJob::MAX_RUNTIME;
    case EndReason::kTargetReached:
      return v1::TuningJob::TARGET_REACHED;
    case EndReason::kUser:
      return v1::TuningJob::USER;
    case EndReason::kSpaceExhausted:
      return v1::TuningJob::SPACE_EXHAUSTED;
    case EndReason::kTooManyFailures:
      return v1::TuningJob::TOO_MANY_FAILURES;
  }
  return v1::TuningJob::END_REASON_UNSPECIFIED;
}

v1::TuningJob::TrialCounts ToProto(const TrialCounts& counts) {
  v1::TuningJob::TrialCounts proto;
  proto.set_queued(counts.queued);
  proto.set_running(counts.running);
  proto.set_stopping(counts.stopping);
  proto.set_completed(counts.completed);
  proto.set_early_stopped(counts.early_stopped);
  proto.set_failed(counts.failed);
  proto.set_canceled(counts.canceled);
  return proto;
}

}  // namespace

v1::TuningJob::State ToProto(JobState state) {
  switch (state) {
    case JobState::kRunning:
      return v1::TuningJob::RUNNING;
    case JobState::kPaused:
      return v1::TuningJob::PAUSED;
    case JobState::kStopping:
      return v1::TuningJob::STOPPING;
    case JobState::kStopped:
      return v1::TuningJob::STOPPED;
    case JobState::kCompleted:
      return v1::TuningJob::COMPLETED;
    case JobState::kFailed:
      return v1::TuningJob::FAILED;
  }
  return v1::TuningJob::STATE_UNSPECIFIED;
}

absl::StatusOr<CreateTuningJobRequest> FromProto(const v1::CreateTuningJobRequest& request) {
  if (!request.has_spec()) return InvalidArgument("spec", "required", "", "say what to search and what to run");
  CreateTuningJobRequest create = {.job_id = request.tuning_job_id(), .request_id = request.request_id()};
  PEGBOX_ASSIGN_OR_RETURN(create.spec, FromProto(request.spec(), "spec"));
  return create;
}

absl::StatusOr<LimitChanges> FromProto(const v1::UpdateTuningJobRequest& request) {
  LimitChanges changes;
  if (request.has_max_jobs()) changes.max_jobs = request.max_jobs();
  if (request.has_max_parallel_jobs()) changes.max_parallel_jobs = request.max_parallel_jobs();
  if (request.has_max_runtime()) {
    PEGBOX_ASSIGN_OR_RETURN(changes.max_runtime, FromProto(request.max_runtime(), "max_runtime"));
  }
  return changes;
}

v1::TuningJob ToProto(const TuningJobView& view) {
  const TuningJob& job = view.job;
  v1::TuningJob proto;
  proto.set_name(TuningJobName(job.id));
  *proto.mutable_spec() = ToProto(job.spec);
  proto.set_state(ToProto(job.state));
  if (job.end_reason.has_value()) proto.set_end_reason(ToProto(*job.end_reason));
  proto.set_end_detail(job.end_detail);
  *proto.mutable_create_time() = ToProto(job.create_time);
  if (job.end_time.has_value()) *proto.mutable_end_time() = ToProto(*job.end_time);
  *proto.mutable_trial_counts() = ToProto(view.counts);
  if (view.best_trial.has_value()) proto.set_best_trial(TrialName({.job_id = job.id, .number = *view.best_trial}));
  return proto;
}

}  // namespace pegbox
