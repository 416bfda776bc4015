// May this trial go on? A policy is stateless: snapshot in, decision out, the same every time.
#pragma once

#include <optional>
#include <vector>

#include "server/domain/metric_curve.h"
#include "server/domain/objective.h"
#include "server/domain/stopping_rule.h"

namespace pegbox {

struct StoppingSnapshot {
  const Objective& objective;
  const MetricCurve& curve;                          // the objective of the trial in question; not empty
  const std::vector<const MetricCurve*>& completed;  // the objective of each COMPLETED trial of the job
};

// What `rule` says of the trial at its last reported step: a decision to stop, or nothing.
std::optional<StopDecision> Evaluate(const StoppingRule& rule, const StoppingSnapshot& snapshot);

// The first of `rules` that says stop, or nothing.
std::optional<StopDecision> Evaluate(const std::vector<StoppingRule>& rules, const StoppingSnapshot& snapshot);

}  // namespace pegbox
