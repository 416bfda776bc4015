// A tuning job's specification between the wire and the domain.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pegbox/v1/tuning_job.pb.h"
#include "server/domain/tuning_job.h"

namespace pegbox {

// Absent optional fields take the domain's defaults. INVALID_ARGUMENT, opening with `field` and the place: a required
// message is missing, an enum is unknown, the search space or a regex breaks a rule. The other rules are
// ValidateSpec's.
absl::StatusOr<TuningJobSpec> FromProto(const v1::TuningJobSpec& proto, absl::string_view field);

// With every default filled in.
v1::TuningJobSpec ToProto(const TuningJobSpec& spec);
v1::TrialTemplate ToProto(const TrialTemplate& trial);

}  // namespace pegbox
