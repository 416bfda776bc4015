// Keeps one thread within a share of a core, by telling it when to rest.
#pragma once

#include "absl/time/time.h"

namespace pegbox::worker {

// Bound to the thread that calls Rest. A burst of 100 ms of work is free.
class CpuShareLimit {
 public:
  explicit CpuShareLimit(double share) : share_(share) {}

  // How long the thread should rest now; zero while it is within its share.
  absl::Duration Rest();

 private:
  const double share_;
  absl::Duration credit_ = absl::Milliseconds(100);
  absl::Duration last_wall_ = absl::ZeroDuration();  // zero: not yet called
  absl::Duration last_cpu_ = absl::ZeroDuration();
};

}  // namespace pegbox::worker
