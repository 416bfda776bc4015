// Stops a trial that has stopped learning: its objective has not become better by more than min_delta for `patience`
// reports in a row.
#pragma once

#include <optional>

#include "server/domain/stopping_rule.h"
#include "server/stopping/stopping_policy.h"

namespace pegbox {

// A decision with outcome kCompleted, or nothing. The first finite report is an improvement; each later one is when it
// betters the last improvement by more than min_delta; a report that is not finite never is. In the decision `value` is
// the best of the reports since the last improvement, `threshold` what it had to better.
std::optional<StopDecision> EvaluatePatienceRule(const PatienceRule& rule, const StoppingSnapshot& snapshot);

}  // namespace pegbox
