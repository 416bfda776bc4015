// Brings what is in line with what should be: ends leases and trials that ran out of time, and carries out job plans.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/engine/core.h"
#include "server/engine/job_queue.h"

namespace pegbox {

// Run and RunOnce from one thread; the rest of the engine goes on beside it.
class Reconciler {
 public:
  // `jobs_to_suggest` gets the jobs whose plans ask for suggestions.
  Reconciler(Core& core, JobQueue& jobs_to_suggest) : core_(core), jobs_to_suggest_(jobs_to_suggest) {}

  // Until the queue of jobs to plan is closed. Errors are logged, and met again the next time round.
  void Run();

  // Everything that the passing of time may have made due.
  absl::Status RunOnce(absl::Time now);

  // Carries out the plan of one job. Suggestions are asked for, not waited for.
  absl::Status Plan(absl::string_view job_id, absl::Time now);

 private:
  absl::Status EndExpiredLeases(absl::Time now);
  absl::Status StopOverdueTrials(absl::Time now);
  absl::Status Apply(absl::string_view job_id, absl::Time now);

  Core& core_;
  JobQueue& jobs_to_suggest_;
};

}  // namespace pegbox
