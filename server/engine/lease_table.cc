#include "server/engine/lease_table.h"

namespace pegbox {

void LeaseTable::Renew(const Trial& trial, absl::Time now) {
  const Attempt& attempt = trial.attempt.value();
  absl::MutexLock lock(&mu_);
  ends_[{trial.id, attempt.number}] = now + (attempt.client.has_value() ? attempt.client->duration : lease_duration_);
}

void LeaseTable::Drop(const TrialId& trial, int64_t attempt) {
  absl::MutexLock lock(&mu_);
  ends_.erase({trial, attempt});
}

std::vector<LeaseTable::ExpiredLease> LeaseTable::Expired(absl::Time now, absl::Duration max_gap) {
  absl::MutexLock lock(&mu_);
  const absl::Duration gap = last_check_.has_value() ? now - *last_check_ : absl::ZeroDuration();
  last_check_ = now;
  if (gap > max_gap) {
    for (auto& [key, end] : ends_) end += gap;
    return {};
  }
  std::vector<ExpiredLease> expired;
  for (const auto& [key, end] : ends_) {
    if (end < now) expired.push_back({.trial = key.first, .attempt = key.second});
  }
  return expired;
}

void LeaseTable::HeardFrom(absl::string_view worker_id, absl::Time now) {
  absl::MutexLock lock(&mu_);
  last_heard_[std::string(worker_id)] = now;
}

std::optional<absl::Time> LeaseTable::LastHeardFrom(absl::string_view worker_id) const {
  absl::MutexLock lock(&mu_);
  const auto it = last_heard_.find(std::string(worker_id));
  if (it == last_heard_.end()) return std::nullopt;
  return it->second;
}

}  // namespace pegbox
