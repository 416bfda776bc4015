// How jobs and trials are written on the command line:
//   JOB    fashion     or tuningJobs/fashion
//   TRIAL  fashion/7   or tuningJobs/fashion/trials/7
#pragma once

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/resource_name.h"

namespace pegbox::cli {

// All answer INVALID_ARGUMENT, opening with the argument's name, for any other text.
absl::StatusOr<std::string> ParseJobArgument(absl::string_view argument);
absl::StatusOr<TrialId> ParseTrialArgument(absl::string_view argument);
absl::StatusOr<std::variant<std::string, TrialId>> ParseJobOrTrialArgument(absl::string_view argument);

}  // namespace pegbox::cli
