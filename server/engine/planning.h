// Reads what a job's plan depends on and makes the plan. Shared by the reconciler and the suggestion pool, which both
// plan again inside their transactions.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/domain/job_plan.h"
#include "server/engine/live_jobs.h"
#include "server/store/store.h"

namespace pegbox {

struct PlannedJob {
  TuningJob job;
  TrialCounts counts;
  JobPlan plan;
};

// NOT_FOUND: no such job.
absl::StatusOr<PlannedJob> PlanFrom(Reader& reader, const LiveJob& live_job, absl::Time now);

}  // namespace pegbox
