// Follows a job on the console until it ends.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/exit_code.h"
#include "client/cli/session.h"
#include "client/cpp/cancellation.h"

namespace pegbox::cli {

// Redraws in place on a terminal; elsewhere prints a line for each trial that ended and each new best; as JSON, a line
// for each event. Ends with a summary, not as JSON. kOk, or kJobFailed: the job failed or no trial of it has a value.
// CANCELLED: `cancellation` was used.
absl::StatusOr<ExitCode> FollowJob(Session& session, absl::string_view job_id, Cancellation& cancellation);

// FollowJob for `pegbox watch`. NOT_FOUND and UNAVAILABLE at once, without patience.
absl::StatusOr<ExitCode> Watch(Session& session, const std::string& job, Cancellation& cancellation);

}  // namespace pegbox::cli
