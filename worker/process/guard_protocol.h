// What the worker and a trial's guard say to each other: one fixed-size message a packet on a SOCK_SEQPACKET pair. The
// guard is static and knows neither Abseil nor the rest of the worker, so nothing but plain types here.
#pragma once

#include <cstdint>

namespace pegbox::worker::guard {

inline constexpr int kControlFd = 3;  // the guard's end of the pair

enum class Kind : int32_t {
  // Worker to guard.
  kTerminate = 1,  // SIGTERM to the trial's group; SIGKILL to all after `milliseconds` (negative: no such end)
  kKill = 2,       // SIGKILL to all
  kDeadline = 3,   // SIGKILL to all after `milliseconds`, instead of the deadline before (negative: none)
  // Guard to worker.
  kStarted = 11,      // `value` is the trial's process id
  kSpawnFailed = 12,  // `value` is errno, `stage` the step that failed; the guard ends
  kExited = 13,       // `value` is the wait status, `cause` what the guard had done to it
  kEmpty = 14,        // no process of the trial is left; the guard ends
};

enum class Stage : int32_t { kNone = 0, kPrepare = 1, kWorkingDirectory = 2, kExec = 3 };

enum class Cause : int32_t { kNone = 0, kTerminated = 1, kKilled = 2, kDeadline = 3 };

struct Message {
  Kind kind;
  int32_t value = 0;
  Stage stage = Stage::kNone;
  Cause cause = Cause::kNone;
  int64_t milliseconds = -1;
};

}  // namespace pegbox::worker::guard
