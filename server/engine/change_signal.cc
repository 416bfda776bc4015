#include "server/engine/change_signal.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace pegbox {

namespace {

// How often a waiting call looks whether its client has gone.
constexpr absl::Duration kCancellationCheck = absl::Milliseconds(500);

}  // namespace

std::string JobTopic(absl::string_view job_id) { return absl::StrCat("job/", job_id); }

std::string WorkerTopic(absl::string_view worker_id) { return absl::StrCat("worker/", worker_id); }

ChangeSignal::Listener::Listener(ChangeSignal& signal, std::vector<std::string> topics)
    : signal_(signal), topics_(std::move(topics)) {
  absl::MutexLock lock(&signal_.mu_);
  signal_.listeners_.insert(this);
}

ChangeSignal::Listener::~Listener() {
  absl::MutexLock lock(&signal_.mu_);
  signal_.listeners_.erase(this);
}

bool ChangeSignal::Listener::Wait(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  absl::MutexLock lock(&signal_.mu_);
  while (!is_notified_ && !signal_.is_closed_) {
    if (wakeup_.WaitWithDeadline(&signal_.mu_, deadline)) break;
  }
  return std::exchange(is_notified_, false) && !signal_.is_closed_;
}

bool ChangeSignal::Listener::WaitUntil(absl::Time deadline, const std::function<bool()>& is_cancelled) {
  while (!Wait(std::clamp(deadline - absl::Now(), absl::ZeroDuration(), kCancellationCheck))) {
    if (absl::Now() >= deadline || is_cancelled() || signal_.is_closed()) return false;
  }
  return !is_cancelled();
}

void ChangeSignal::Notify(absl::string_view topic) {
  absl::MutexLock lock(&mu_);
  for (Listener* listener : listeners_) {
    if (std::find(listener->topics_.begin(), listener->topics_.end(), topic) == listener->topics_.end()) continue;
    listener->is_notified_ = true;
    listener->wakeup_.Signal();
  }
}

void ChangeSignal::Close() {
  absl::MutexLock lock(&mu_);
  is_closed_ = true;
  for (Listener* listener : listeners_) listener->wakeup_.Signal();
}

bool ChangeSignal::is_closed() const {
  absl::MutexLock lock(&mu_);
  return is_closed_;
}

}  // namespace pegbox
