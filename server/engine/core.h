// What the use cases of the engine share. Owned by Engine.
#pragma once

#include <vector>

#include "absl/time/time.h"
#include "common/clock.h"
#include "server/engine/change_signal.h"
#include "server/engine/job_queue.h"
#include "server/engine/lease_table.h"
#include "server/engine/live_jobs.h"
#include "server/store/store.h"
#include "server/store/trial_log.h"

namespace pegbox {

struct Core {
  Store& store;
  TrialLog& trial_log;
  const Clock& clock;
  ChangeSignal& signal;
  LeaseTable& leases;
  LiveJobs& live_jobs;
  JobQueue& jobs_to_plan;
  JobQueue& jobs_to_suggest;
};

// What follows a committed grant: the leases begin, and who watches the jobs is told.
void AfterGrant(Core& core, const std::vector<Trial>& trials, absl::Time now);

}  // namespace pegbox
