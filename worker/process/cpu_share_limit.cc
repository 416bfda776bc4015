#include "worker/process/cpu_share_limit.h"

#include <algorithm>
#include <ctime>

namespace pegbox::worker {
namespace {

constexpr absl::Duration kMaxCredit = absl::Milliseconds(100);

absl::Duration Read(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return absl::DurationFromTimespec(now);
}

}  // namespace

absl::Duration CpuShareLimit::Rest() {
  const absl::Duration wall = Read(CLOCK_MONOTONIC);
  const absl::Duration cpu = Read(CLOCK_THREAD_CPUTIME_ID);
  if (last_wall_ != absl::ZeroDuration()) credit_ += share_ * (wall - last_wall_) - (cpu - last_cpu_);
  credit_ = std::min(credit_, kMaxCredit);
  last_wall_ = wall;
  last_cpu_ = cpu;
  return credit_ < absl::ZeroDuration() ? -credit_ / share_ : absl::ZeroDuration();
}

}  // namespace pegbox::worker
