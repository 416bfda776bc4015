// How a trial's process ended, and what that end means.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace pegbox::worker {

struct ExitStatus {
  bool is_signaled = false;
  int code = 0;  // the exit code, or the signal's number

  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

// What the worker did to the process before it ended; the strongest of several.
enum class StopCause {
  kNone,        // it ended by itself, or somebody else ended it
  kTerminated,  // SIGTERM
  kKilled,      // SIGKILL: asked for, or the end of the grace after SIGTERM
  kDeadline,    // SIGKILL: the deadline passed that nobody had moved (the lease's end)
};

// The end of a trial's process and of all that it had started.
struct ProcessEnd {
  ExitStatus status;
  StopCause stop_cause = StopCause::kNone;
  bool had_kernel_oom_kill = false;  // the kernel's out-of-memory killer killed something meanwhile on this machine
  bool is_guard_lost = false;        // the guard was killed, so `status` is assumed to be SIGKILL
};

enum class ExitKind { kSuccess, kExitCode, kSignal, kOutOfMemory };

struct ExitClass {
  ExitKind kind = ExitKind::kSuccess;
  std::string reason;  // for people, one line: "exit code 3", "signal 11 (SIGSEGV)", ...
};

// Out of memory needs evidence: a SIGKILL that the worker did not send (or its shell form, exit code 137) while the
// kernel's out-of-memory killer was at work, or any failure whose last output has the words that CUDA, PyTorch, JAX,
// TensorFlow, C++ or Python use for it. `log_tail` is the end of the process's output. Pure.
ExitClass ClassifyExit(const ProcessEnd& end, absl::string_view log_tail);

// "exit code 3", "signal 9 (SIGKILL)", "exit code 139 (a shell's word for signal 11 (SIGSEGV))".
std::string DescribeExit(const ExitStatus& status);

// How many processes the kernel's out-of-memory killer has killed since boot; 0 where the kernel does not say.
int64_t KernelOomKills();

}  // namespace pegbox::worker
