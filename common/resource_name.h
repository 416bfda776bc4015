// The names by which the service's resources are known:
//   tuningJobs/{job}                    job: [a-z0-9][a-z0-9-]{0,62}
//   tuningJobs/{job}/trials/{number}    number: 1, 2, ...
//   workers/{worker}                    worker: the same characters as a job
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pegbox {

// Which trial: its job's id and its number in that job, from 1.
struct TrialId {
  std::string job_id;
  int64_t number = 0;

  friend bool operator==(const TrialId&, const TrialId&) = default;
  friend auto operator<=>(const TrialId&, const TrialId&) = default;
};

std::string TuningJobName(absl::string_view job_id);
std::string TrialName(const TrialId& id);
std::string WorkerName(absl::string_view worker_id);

// The parsers and ValidateResourceId answer INVALID_ARGUMENT, opening with `field`, for any text of another form.
absl::StatusOr<std::string> ParseTuningJobName(absl::string_view field, absl::string_view name);
absl::StatusOr<TrialId> ParseTrialName(absl::string_view field, absl::string_view name);
absl::StatusOr<std::string> ParseWorkerName(absl::string_view field, absl::string_view name);
absl::Status ValidateResourceId(absl::string_view field, absl::string_view id);

}  // namespace pegbox
