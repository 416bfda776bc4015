// Tuning jobs and the requests that make and change them, between the wire and the engine.
#pragma once

#include "absl/status/statusor.h"
#include "pegbox/v1/tuning_job.pb.h"
#include "pegbox/v1/tuning_service.pb.h"
#include "server/engine/tuning_jobs.h"

namespace pegbox {

// INVALID_ARGUMENT, opening with the field's path, in both.
absl::StatusOr<CreateTuningJobRequest> FromProto(const v1::CreateTuningJobRequest& request);
// All but the name.
absl::StatusOr<LimitChanges> FromProto(const v1::UpdateTuningJobRequest& request);

v1::TuningJob::State ToProto(JobState state);
v1::TuningJob ToProto(const TuningJobView& view);

}  // namespace pegbox
