// Diagnoses between the wire and the domain.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pegbox/v1/diagnosis.pb.h"
#include "pegbox/v1/tuning_service.pb.h"
#include "server/diagnosis/job_diagnosis.h"
#include "server/engine/job_diagnoses.h"

namespace pegbox {

// INVALID_ARGUMENT: a name that is no job's, or an unknown goal.
absl::StatusOr<DiagnosisRequest> FromProto(const v1::DiagnoseTuningJobRequest& request);

v1::TuningJobDiagnosis ToProto(absl::string_view job_id, const JobDiagnosis& diagnosis);

}  // namespace pegbox
