// Jobs that need to be looked at, each at most once: the hand-over from use cases to a background loop.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace pegbox {

// Thread-safe.
class JobQueue {
 public:
  // No effect when the job is waiting already.
  void Push(absl::string_view job_id);

  // The job that has waited longest; nothing when none came within `timeout`, or after Close.
  std::optional<std::string> Pop(absl::Duration timeout);

  // Wakes every waiter for good.
  void Close();
  bool is_closed() const;

 private:
  mutable absl::Mutex mu_;
  std::deque<std::string> order_ ABSL_GUARDED_BY(mu_);
  std::set<std::string, std::less<>> waiting_ ABSL_GUARDED_BY(mu_);
  bool is_closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace pegbox
