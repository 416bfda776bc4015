#include "server/engine/job_queue.h"

namespace pegbox {

void JobQueue::Push(absl::string_view job_id) {
  absl::MutexLock lock(&mu_);
  if (waiting_.insert(std::string(job_id)).second) order_.emplace_back(job_id);
}

std::optional<std::string> JobQueue::Pop(absl::Duration timeout) {
  absl::MutexLock lock(&mu_);
  const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return is_closed_ || !order_.empty(); };
  mu_.AwaitWithTimeout(absl::Condition(&has_work), timeout);
  if (is_closed_ || order_.empty()) return std::nullopt;
  std::string job_id = std::move(order_.front());
  order_.pop_front();
  waiting_.erase(job_id);
  return job_id;
}

void JobQueue::Close() {
  absl::MutexLock lock(&mu_);
  is_closed_ = true;
}

bool JobQueue::is_closed() const {
  absl::MutexLock lock(&mu_);
  return is_closed_;
}

}  // namespace pegbox
