// What a job's command, environment and metric definitions must keep. A part of ValidateSpec.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/domain/search_space.h"
#include "server/domain/tuning_job.h"

namespace pegbox {

// INVALID_ARGUMENT, opening with `field` and the place, for any rule of TrialTemplate in
// proto/pegbox/v1/tuning_job.proto that is broken, and for a placeholder that names no parameter of `space` or one that
// may be inactive. The syntax of regexes is not checked here.
absl::Status ValidateTrialTemplate(const TrialTemplate& trial, const SearchSpace& space, absl::string_view field);

// INVALID_ARGUMENT, opening with `field`: not `min` to `max`. `limits` says the same in words.
absl::Status ValidateDuration(absl::Duration duration, absl::Duration min, absl::Duration max, absl::string_view limits,
                              absl::string_view field);

}  // namespace pegbox
