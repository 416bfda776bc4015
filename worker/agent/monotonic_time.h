// The clock by which leases are kept: nobody sets it, and time in which the machine sleeps counts.
#pragma once

#include <time.h>

#include "absl/time/time.h"

namespace pegbox::worker {

// Since the machine's start. Thread-safe.
inline absl::Duration MonotonicNow() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return absl::DurationFromTimespec(now);
}

}  // namespace pegbox::worker
