// Stops a trial that is behind the others: at step s, when its best value up to s is worse than the median, over the
// completed trials, of their running averages up to s (Golovin et al. 2017, "Google Vizier", 3.2.2).
#pragma once

#include <optional>

#include "server/domain/stopping_rule.h"
#include "server/stopping/stopping_policy.h"

namespace pegbox {

// A decision with outcome kEarlyStopped, or nothing. Completed trials without a finite report up to s are left out; a
// trial without a finite value is left to others to judge.
std::optional<StopDecision> EvaluateMedianRule(const MedianRule& rule, const StoppingSnapshot& snapshot);

}  // namespace pegbox
