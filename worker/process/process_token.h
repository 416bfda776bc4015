// The mark by which a trial's processes are found again, by this worker or by the one after it: each carries
// PEGBOX_PROCESS_TOKEN in its environment. The guard (child_process.h) ends whole trees by itself; this is for
// leftovers when a guard was killed, and for a proof that nothing is left. A process that replaced its environment is
// not seen.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pegbox::worker {

inline constexpr char kProcessTokenVariable[] = "PEGBOX_PROCESS_TOKEN";

// 128 random bits as 32 hexadecimal digits. A worker stores it before it starts the trial.
std::string NewProcessToken();

// INVALID_ARGUMENT: the token has not the form of NewProcessToken.
absl::Status ValidateProcessToken(absl::string_view token);

// The living processes (zombies are not) that carry the token, without the caller. Thread-safe.
// INVALID_ARGUMENT: the token is not one of NewProcessToken. FAILED_PRECONDITION: /proc cannot be read.
absl::StatusOr<std::vector<pid_t>> FindProcesses(absl::string_view token);

// SIGKILLs them until none is left, and returns how many it killed: 0 proves that none was left. Thread-safe.
// DEADLINE_EXCEEDED: some live on after `timeout` (in uninterruptible sleep, or another user's). Else as FindProcesses.
absl::StatusOr<int> KillProcesses(absl::string_view token, absl::Duration timeout);

}  // namespace pegbox::worker
