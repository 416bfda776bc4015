#include "client/cli/resource_argument.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/text.h"
#include "common/status_macros.h"

namespace pegbox::cli {
namespace {

constexpr absl::string_view kPrefix = "tuningJobs/";
constexpr size_t kMaxSeen = 200;

absl::Status BadTrial(absl::string_view argument) {
  return absl::InvalidArgumentError(
      absl::StrCat("TRIAL: must be a job and a trial's number, such as fashion/7; got ", Quoted(argument, kMaxSeen)));
}

}  // namespace

absl::StatusOr<std::string> ParseJobArgument(absl::string_view argument) {
  if (absl::StartsWith(argument, kPrefix)) return ParseTuningJobName("JOB", argument);
  PEGBOX_RETURN_IF_ERROR(ValidateResourceId("JOB", argument));
  return std::string(argument);
}

absl::StatusOr<TrialId> ParseTrialArgument(absl::string_view argument) {
  if (absl::StartsWith(argument, kPrefix)) return ParseTrialName("TRIAL", argument);
  const size_t slash = argument.find('/');
  if (slash == absl::string_view::npos) return BadTrial(argument);
  const absl::StatusOr<TrialId> id = ParseTrialName(
      "TRIAL", absl::StrCat(TuningJobName(argument.substr(0, slash)), "/trials", argument.substr(slash)));
  return id.ok() ? id : BadTrial(argument);
}

absl::StatusOr<std::variant<std::string, TrialId>> ParseJobOrTrialArgument(absl::string_view argument) {
  const bool has_prefix = absl::StartsWith(argument, kPrefix);
  const auto slashes = std::count(argument.begin(), argument.end(), '/');
  if (slashes > (has_prefix ? 1 : 0)) {
    PEGBOX_ASSIGN_OR_RETURN(TrialId id, ParseTrialArgument(argument));
    return id;
  }
  PEGBOX_ASSIGN_OR_RETURN(std::string id, ParseJobArgument(argument));
  return id;
}

}  // namespace pegbox::cli
