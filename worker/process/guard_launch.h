// Starts a guard and, through it, a trial's process. Safe in a process with many threads: posix_spawn is all that runs
// between fork and exec. Internal to this folder.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/process/unique_fd.h"

namespace pegbox::worker {

struct GuardLaunch {
  std::string guard_path;
  std::string working_directory;
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
};

struct LaunchedGuard {
  pid_t guard_pid = 0;  // the caller reaps it
  pid_t trial_pid = 0;
  UniqueFd control;  // guard_protocol.h; closing it ends the trial
  UniqueFd output;   // stdout and stderr of the trial; non-blocking
};

// Returns when the trial's program runs.
// The trial could not start (no guard is left then): message opens with `argv[0]` or `working_directory` where these
// are the cause; codes as ErrnoStatus. DEADLINE_EXCEEDED: exec did not come back within 30 s. INTERNAL: the guard is
// broken.
absl::StatusOr<LaunchedGuard> LaunchGuard(const GuardLaunch& launch);

}  // namespace pegbox::worker
