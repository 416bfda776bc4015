// What the end of an attempt's processes means for its trial. Pure.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "worker/agent/assignment.h"
#include "worker/process/exit_status.h"

namespace pegbox::worker {

// Who began to stop an attempt.
enum class StopOrigin {
  kNone,
  kServer,   // its rules or a user: the server knows what to make of the end
  kWorker,   // the worker is stopped
  kRuntime,  // max_runtime is over
  kLease,    // the server is out of reach
};

struct AttemptEnd {
  ProcessEnd process;
  StopOrigin stop_origin = StopOrigin::kNone;
  // The trial has spoken on its socket, so it may have ended because of the directive there. Without that, SIGTERM is
  // the first it hears of a stop.
  bool has_socket_reported = false;
  std::string log_tail;
  absl::Duration max_runtime;    // for the text of a TIMEOUT
  absl::Duration lease_silence;  // how long the server was silent, for the text of a LOST
};

// nullopt: exit code 0. LOST: the worker or the lease's end stopped it. TIMEOUT: max_runtime did. Else as ClassifyExit;
// the detail then quotes the last line of the log, up to 300 bytes.
std::optional<Failure> ExplainEnd(const AttemptEnd& end);

}  // namespace pegbox::worker
