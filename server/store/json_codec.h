// The parts of jobs and trials that no query looks into, as JSON text. Encode and decode are exact inverses: doubles
// keep every bit but a NaN's payload, int64 and double stay apart, infinite durations stay infinite. Bytes that are not
// UTF-8 become U+FFFD.
//
// Every decoder: DATA_LOSS when the text is not what its encoder writes. Fields that are absent take their default, so
// a field can be added without a migration.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/domain/parameter.h"
#include "server/domain/stopping_rule.h"
#include "server/domain/trial.h"
#include "server/domain/tuning_job.h"

namespace pegbox {

std::string EncodeSpec(const TuningJobSpec& spec);
absl::StatusOr<TuningJobSpec> DecodeSpec(absl::string_view text);

std::string EncodeAssignment(const Assignment& assignment);
absl::StatusOr<Assignment> DecodeAssignment(absl::string_view text);

std::string EncodeProvenance(const Provenance& provenance);
absl::StatusOr<Provenance> DecodeProvenance(absl::string_view text);

std::string EncodeStopDecision(const StopDecision& decision);
absl::StatusOr<StopDecision> DecodeStopDecision(absl::string_view text);

std::string EncodeFailure(const Failure& failure);
absl::StatusOr<Failure> DecodeFailure(absl::string_view text);

std::string EncodeTexts(const std::vector<std::string>& texts);
absl::StatusOr<std::vector<std::string>> DecodeTexts(absl::string_view text);

}  // namespace pegbox
