// Pauses between tries.
#pragma once

#include <algorithm>

#include "absl/random/random.h"
#include "absl/time/time.h"

namespace pegbox::worker {

// Doubles with each failure in a row, from 0.2 to 10 s. The jitter keeps the workers of one server from coming back all
// at once. Thread-compatible.
class Backoff {
 public:
  absl::Duration Next() {
    const absl::Duration pause = ceiling_ * absl::Uniform(random_, 0.5, 1.0);
    ceiling_ = std::min(2 * ceiling_, kLongest);
    return pause;
  }
  void Reset() { ceiling_ = kFirst; }

 private:
  static constexpr absl::Duration kFirst = absl::Milliseconds(200);
  static constexpr absl::Duration kLongest = absl::Seconds(10);

  absl::BitGen random_;
  absl::Duration ceiling_ = kFirst;
};

}  // namespace pegbox::worker
