// Until when a worker that hears nothing of the server may run an attempt, so that two attempts never run at once.
// Pure.
#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace pegbox::worker {

// The server gives the attempt away `duration` after it last heard of it. Counted from when the worker sent what the
// server answered, which is earlier.
struct AttemptLease {
  absl::Duration duration;
  absl::Duration grace_period;  // of the trial

  // Time of silence after which all of the attempt is killed.
  absl::Duration KillAfter() const { return duration - duration / 10; }

  // Time of silence after which it is asked to end, with time for a checkpoint: grace and 2 s before the lease ends,
  // but at most a third of the lease.
  absl::Duration StopAfter() const {
    const absl::Duration wanted = std::min(grace_period + absl::Seconds(2), duration / 3);
    return duration - std::max(duration / 10, wanted);
  }
};

}  // namespace pegbox::worker
