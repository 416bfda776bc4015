// What the trainers of a test have written down of themselves, in one file that all of them append to.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace pegbox::test {

struct TrialEvent {
  enum class Kind {
    kStarted,   // `step` is the first step it will report
    kOverlap,   // it found another attempt of the same trial alive
    kReported,  // just before the report is sent
    kStopped,   // it obeys a directive
    kEnded,     // just before it exits by itself; `step` is the exit code
  };

  absl::Duration time;  // of the machine's monotonic clock
  pid_t pid = 0;
  std::string job_id;
  int64_t trial = 0;
  int64_t attempt = 0;
  Kind kind = Kind::kStarted;
  int64_t step = 0;
  double value = 0;  // of the objective, in kReported
};

// The same clock as TrialEvent::time.
absl::Duration MonotonicNow();

// The whole lines of the file, in the order in which they were written.
std::vector<TrialEvent> ReadTrialRecord(const std::string& path);

// Those of one kind.
std::vector<TrialEvent> Only(const std::vector<TrialEvent>& events, TrialEvent::Kind kind);

// The most attempts that were between kStarted and kEnded (or kStopped) at one time.
int MostAtOnce(const std::vector<TrialEvent>& events);

}  // namespace pegbox::test
