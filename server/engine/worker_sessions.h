// Workers come, say what they hold, and are told what to start, to stop and to drop.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/resource_name.h"
#include "server/engine/core.h"

namespace pegbox {

// Which run of which trial.
struct AttemptId {
  TrialId trial;
  int64_t attempt = 0;
  friend auto operator<=>(const AttemptId&, const AttemptId&) = default;
  friend bool operator==(const AttemptId&, const AttemptId&) = default;
};

// Who speaks. Only the newest incarnation of a worker is heard.
struct WorkerIdentity {
  std::string worker_id;
  std::string incarnation;
  friend bool operator==(const WorkerIdentity&, const WorkerIdentity&) = default;
};

struct SyncRequest {
  WorkerIdentity worker;
  std::vector<AttemptId> held;      // granted and not yet finished
  std::vector<AttemptId> stopping;  // those of `held` that the worker already stops
  int64_t free_slots = 0;
  absl::Duration max_wait;
  bool is_leaving = false;
};

// A grant: run this.
struct TrialAssignment {
  AttemptId id;
  Assignment parameters;
  TrialTemplate trial_template;
  std::string objective_metric;
  uint64_t seed = 0;
};

struct StopDirective {
  AttemptId id;
  std::string reason;
};

struct SyncResult {
  std::vector<TrialAssignment> start;
  std::vector<StopDirective> stop;
  std::vector<AttemptId> fence;

  bool empty() const { return start.empty() && stop.empty() && fence.empty(); }
};

// Thread-safe. Errors beside those named: as Store::Read and Store::Write.
class WorkerSessions {
 public:
  explicit WorkerSessions(Core& core) : core_(core) {}

  // Makes `worker` the one that is heard under its id, and dispatches the trials of `ended_incarnations`, dead by the
  // worker's own proof, again. Safe to repeat. Returns the lease duration.
  absl::StatusOr<absl::Duration> Register(Worker worker, const std::vector<std::string>& ended_incarnations);

  // Waits up to max_wait while there is nothing to tell and `is_cancelled` is false. Grants hold max_parallel_jobs
  // exactly: they are made in one transaction with the count. A grant that the worker does not hold was lost on its
  // way, and is repeated. NOT_FOUND: register first. ABORTED: another incarnation has registered.
  absl::StatusOr<SyncResult> Sync(const SyncRequest& request, const std::function<bool()>& is_cancelled);

 private:
  absl::StatusOr<SyncResult> SyncNow(const SyncRequest& request);
  absl::Status Grant(const SyncRequest& request, int64_t limit, SyncResult& result);
  // The grant of a trial that is to stop was lost: it never ran.
  absl::Status EndUnstarted(const std::vector<Trial>& trials);
  absl::Status Leave(const SyncRequest& request);

  Core& core_;
};

}  // namespace pegbox
