// `pegbox run`: a whole search on this machine.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/console.h"
#include "client/cli/exit_code.h"

namespace pegbox::cli {

struct RunOptions {
  std::string file;
  std::string data_directory;
  std::string job_id;  // empty: made by the server
  int64_t slots = 0;   // 0: max_parallel_jobs of the file
  bool as_json = false;
};

// Starts a server and a worker in the data folder, submits the job, follows it to its end, and ends them. A first
// SIGINT, SIGTERM or SIGHUP stops the job and ends all of it in order (CANCELLED), a second one ends it at once.
// INTERNAL: server or worker could not be started, or ended on its own. Call from the main thread, before gRPC is used.
absl::StatusOr<ExitCode> Run(Console& console, const RunOptions& options);

}  // namespace pegbox::cli
