#include "server/engine/planning.h"

#include <utility>

#include "common/status_macros.h"

namespace pegbox {

absl::StatusOr<PlannedJob> PlanFrom(Reader& reader, const LiveJob& live_job, absl::Time now) {
  PlannedJob planned;
  PEGBOX_ASSIGN_OR_RETURN(planned.job, reader.GetTuningJob(live_job.job().id));
  PEGBOX_ASSIGN_OR_RETURN(planned.counts, reader.CountTrials(planned.job.id));
  PEGBOX_ASSIGN_OR_RETURN(const std::optional<Trial> best,
                          reader.FindBestTrial(planned.job.id, planned.job.spec.objective.goal));
  planned.plan = PlanJob({.job = planned.job,
                          .counts = planned.counts,
                          .best_value = best.has_value() ? best->value : std::nullopt,
                          .consecutive_failures = live_job.consecutive_failures(),
                          .last_failure = live_job.last_failure(),
                          .is_space_exhausted = live_job.is_space_exhausted()},
                         now);
  return planned;
}

}  // namespace pegbox
