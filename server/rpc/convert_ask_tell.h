// What programs that run trials themselves ask and tell, between the wire and the engine.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pegbox/v1/tuning_service.pb.h"
#include "server/engine/client_sessions.h"
#include "server/engine/trial_reports.h"

namespace pegbox {

// INVALID_ARGUMENT, opening with the field's path: a rule of tuning_service.proto is broken.
absl::StatusOr<SuggestRequest> FromProto(const v1::SuggestTrialsRequest& request);
// `now` stands in for absent report times.
absl::StatusOr<TrialReport> FromProto(const v1::ReportMeasurementsRequest& request, absl::Time now);
absl::StatusOr<AttemptEnd> FromProto(const v1::CompleteTrialRequest& request, absl::Time now);

v1::SuggestTrialsResponse ToProto(const SuggestResult& result);
v1::ReportMeasurementsResponse DirectiveFrom(const ReportResult& result);

}  // namespace pegbox
