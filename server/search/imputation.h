// The final value that a trial stopped early would have reached, so that the search learns from it. Dropping stopped
// trials, or taking their last value for final, teaches the surrogate that their region is unknown or better than it
// is.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/domain/metric_curve.h"
#include "server/domain/objective.h"

namespace pegbox {

// A trial's value, had it ended at `step`: with ObjectiveScope::kBest the best value up to there, with kLast the value
// there. Linear between points. Nothing: before its first point, or, with kLast, after its last one.
std::optional<double> ValueUpTo(const Objective& objective, const MetricCurve& curve, int64_t step);

// What a trial gains after `step`: the median over completed trials k of y_k(T) - y_k(step), y_k(T) being the trial's
// value. 0 when none of them says anything. With kBest, a curve that ended before says that it had reached its best.
double MedianGainAfter(const Objective& objective, const std::vector<const MetricCurve*>& completed, int64_t step);

// y_i(t) + MedianGainAfter(t), t being the stopped trial's last step. Finite. Nothing: it reported no finite value.
std::optional<double> ImputeFinalValue(const Objective& objective, const MetricCurve& stopped,
                                       const std::vector<const MetricCurve*>& completed);

}  // namespace pegbox
