#include "common/resource_name.h"

#include <algorithm>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status_macros.h"

namespace pegbox {
namespace {

constexpr absl::string_view kJobs = "tuningJobs";
constexpr absl::string_view kTrials = "trials";
constexpr absl::string_view kWorkers = "workers";
constexpr size_t kMaxIdLength = 63;

bool IsIdCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

absl::Status BadName(absl::string_view field, absl::string_view form, absl::string_view seen) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": must have the form \"", form, "\"; got \"", absl::CHexEscape(seen.substr(0, 200)), "\""));
}

}  // namespace

std::string TuningJobName(absl::string_view job_id) { return absl::StrCat(kJobs, "/", job_id); }

std::string TrialName(const TrialId& id) { return absl::StrCat(kJobs, "/", id.job_id, "/", kTrials, "/", id.number); }

std::string WorkerName(absl::string_view worker_id) { return absl::StrCat(kWorkers, "/", worker_id); }

absl::Status ValidateResourceId(absl::string_view field, absl::string_view id) {
  const bool is_valid =
      !id.empty() && id.size() <= kMaxIdLength && id[0] != '-' && std::all_of(id.begin(), id.end(), IsIdCharacter);
  if (is_valid) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": must be 1 to ", kMaxIdLength,
                   " lower-case letters, digits and hyphens, and not begin with a hyphen; got \"",
                   absl::CHexEscape(id.substr(0, 200)), "\""));
}

absl::StatusOr<std::string> ParseTuningJobName(absl::string_view field, absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 2 || parts[0] != kJobs) return BadName(field, "tuningJobs/{job}", name);
  PEGBOX_RETURN_IF_ERROR(ValidateResourceId(field, parts[1]));
  return std::string(parts[1]);
}

absl::StatusOr<TrialId> ParseTrialName(absl::string_view field, absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  TrialId id;
  if (parts.size() != 4 || parts[0] != kJobs || parts[2] != kTrials || !absl::SimpleAtoi(parts[3], &id.number) ||
      id.number < 1 || absl::StrCat(id.number) != parts[3]) {
    return BadName(field, "tuningJobs/{job}/trials/{number}", name);
  }
  PEGBOX_RETURN_IF_ERROR(ValidateResourceId(field, parts[1]));
  id.job_id = std::string(parts[1]);
  return id;
}

absl::StatusOr<std::string> ParseWorkerName(absl::string_view field, absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() != 2 || parts[0] != kWorkers) return BadName(field, "workers/{worker}", name);
  PEGBOX_RETURN_IF_ERROR(ValidateResourceId(field, parts[1]));
  return std::string(parts[1]);
}

}  // namespace pegbox
