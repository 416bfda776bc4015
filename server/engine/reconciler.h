// Brings what is in line with what should be: ends leases and trials that ran out of time, and carries out job plans.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/engine/core.h"
#include "server/engine/suggestion_pool.h"

namespace pegbox {

// Run and RunOnce from one thread; the rest of the engine goes on beside it.
class Reconciler {
 public:
  Reconciler(Core& core, SuggestionPool& suggestion_pool) : core_(core), suggestion_pool_(suggestion_pool) {}

  // Until the queue of jobs to plan is closed. Errors are logged, and met again the next time round.
  void Run();

  // Everything that the passing of time may have made due.
  absl::Status RunOnce(absl::Time now);

  // Carries out the plan of one job. Suggestions that are ready are queued; others are asked for, not waited for.
  absl::Status Plan(absl::string_view job_id, absl::Time now);

 private:
  absl::Status EndExpiredLeases(absl::Time now);
  absl::Status StopOverdueTrials(absl::Time now);
  absl::Status Apply(absl::string_view job_id, absl::Time now);

  Core& core_;
  SuggestionPool& suggestion_pool_;
};

}  // namespace pegbox
