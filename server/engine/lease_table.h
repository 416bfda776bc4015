// Which worker was heard from when, and until when each live attempt is its worker's. Kept in memory only: after a
// restart every live attempt gets a fresh full lease, so nothing here needs to survive.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/resource_name.h"
#include "server/domain/trial.h"

namespace pegbox {

// Thread-safe.
class LeaseTable {
 public:
  explicit LeaseTable(absl::Duration lease_duration) : lease_duration_(lease_duration) {}

  absl::Duration lease_duration() const { return lease_duration_; }

  // The trial's current attempt is its holder's until now + lease_duration, or the lease that its client asked for.
  void Renew(const Trial& trial, absl::Time now);
  void Drop(const TrialId& trial, int64_t attempt);

  struct ExpiredLease {
    TrialId trial;
    int64_t attempt = 0;
  };
  // The leases that ended before `now`; they stay until they are dropped or renewed. When this was last called longer
  // ago than `max_gap`, the server itself was away (suspended, starved): every lease is extended by the gap and none
  // has ended.
  std::vector<ExpiredLease> Expired(absl::Time now, absl::Duration max_gap);

  void HeardFrom(absl::string_view worker_id, absl::Time now);
  // Nothing: not since this server started.
  std::optional<absl::Time> LastHeardFrom(absl::string_view worker_id) const;

 private:
  const absl::Duration lease_duration_;
  mutable absl::Mutex mu_;
  std::map<std::pair<TrialId, int64_t>, absl::Time> ends_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, absl::Time, std::less<>> last_heard_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Time> last_check_ ABSL_GUARDED_BY(mu_);
};

}  // namespace pegbox
