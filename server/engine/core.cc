#include "server/engine/core.h"

#include "common/log.h"

namespace pegbox {

void AfterGrant(Core& core, const std::vector<Trial>& trials, absl::Time now) {
  for (const Trial& trial : trials) {
    core.leases.Renew(trial, now);
    core.signal.Notify(JobTopic(trial.id.job_id));
    Log()->info("trial leased trial={} attempt={} holder=\"{}\"", TrialName(trial.id), trial.attempt->number,
                HolderName(*trial.attempt));
  }
}

}  // namespace pegbox
