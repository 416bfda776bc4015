#include "server/search/imputation.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pegbox {
namespace {

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : values[middle - 1] / 2 + values[middle] / 2;
}

}  // namespace

std::optional<double> ValueUpTo(const Objective& objective, const MetricCurve& curve, int64_t step) {
  const std::optional<double> at_step = curve.ValueAt(static_cast<double>(step));
  if (objective.scope == ObjectiveScope::kLast) return at_step;
  const std::optional<MetricPoint> best = curve.Best(objective.goal, step);
  if (!best) return std::nullopt;
  return at_step && IsBetter(objective.goal, *at_step, best->value) ? *at_step : best->value;
}

double MedianGainAfter(const Objective& objective, const std::vector<const MetricCurve*>& completed, int64_t step) {
  std::vector<double> gains;
  for (const MetricCurve* curve : completed) {
    const std::optional<double> then = ValueUpTo(objective, *curve, step);
    const std::optional<MetricPoint> final_point = curve->Value(objective);
    if (!then || !final_point) continue;
    const double gain = final_point->value - *then;
    if (std::isfinite(gain)) gains.push_back(gain);
  }
  return gains.empty() ? 0 : Median(std::move(gains));
}

std::optional<double> ImputeFinalValue(const Objective& objective, const MetricCurve& stopped,
                                       const std::vector<const MetricCurve*>& completed) {
  const std::optional<MetricPoint> last = stopped.Last();
  if (!last) return std::nullopt;
  const std::optional<double> reached = ValueUpTo(objective, stopped, last->step);
  if (!reached) return std::nullopt;
  const double value = *reached + MedianGainAfter(objective, completed, last->step);
  return std::isfinite(value) ? value : *reached;
}

}  // namespace pegbox
