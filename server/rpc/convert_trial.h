// Trials and what is reported of them between the wire and the domain.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pegbox/v1/trial.pb.h"
#include "pegbox/v1/tuning_service.pb.h"
#include "server/domain/measurement.h"
#include "server/domain/trial.h"
#include "server/engine/tuning_jobs.h"

namespace pegbox {

// INVALID_ARGUMENT, opening with `field` and the place, in all of them.
// `now` stands in for an absent report_time.
absl::StatusOr<Measurement> FromProto(const v1::Measurement& proto, absl::Time now, absl::string_view field);
// Up to 1,024 of them.
absl::StatusOr<std::vector<Measurement>> FromProto(const google::protobuf::RepeatedPtrField<v1::Measurement>& protos,
                                                   absl::Time now, absl::string_view field);
// A long detail is cut: the end of a trial must not hang on it.
absl::StatusOr<Failure> FromProto(const v1::Failure& proto, absl::string_view field);
// States and order; the page is the caller's.
absl::StatusOr<TrialQuery> FromProto(const v1::ListTrialsRequest& request);

v1::Failure ToProto(const Failure& failure);
v1::StopDecision ToProto(const StopDecision& stop);
// Without its attempts and its surrogate's fit.
v1::Trial ToProto(const Trial& trial);
v1::SurrogateFit ToProto(const SurrogateFit& fit);
v1::Attempt ToProto(const Attempt& attempt);
v1::TrialMeasurement ToProto(const TrialMeasurement& row);

}  // namespace pegbox
