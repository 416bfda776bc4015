#include "server/domain/metric_curve.h"

#include <algorithm>
#include <cmath>

namespace pegbox {
namespace {

bool HasSmallerStep(const MetricPoint& point, int64_t step) { return point.step < step; }

}  // namespace

MetricCurve::MetricCurve(const std::vector<MetricPoint>& points) : points_(points) {
  // Stable, so that of the points of one step the first given is the one that stays.
  std::stable_sort(points_.begin(), points_.end(),
                   [](const MetricPoint& a, const MetricPoint& b) { return a.step < b.step; });
  const auto end = std::unique(points_.begin(), points_.end(),
                               [](const MetricPoint& a, const MetricPoint& b) { return a.step == b.step; });
  points_.erase(end, points_.end());
}

bool MetricCurve::Add(MetricPoint point) {
  const auto place = std::lower_bound(points_.begin(), points_.end(), point.step, HasSmallerStep);
  if (place != points_.end() && place->step == point.step) return false;
  points_.insert(place, point);
  return true;
}

std::optional<MetricPoint> MetricCurve::Best(Goal goal, int64_t up_to_step) const {
  std::optional<MetricPoint> best;
  for (const MetricPoint& point : points_) {
    if (point.step > up_to_step) break;
    if (!std::isfinite(point.value)) continue;
    if (!best.has_value() || IsBetter(goal, point.value, best->value)) best = point;
  }
  return best;
}

std::optional<MetricPoint> MetricCurve::Last() const {
  const auto last = std::find_if(points_.rbegin(), points_.rend(),
                                 [](const MetricPoint& point) { return std::isfinite(point.value); });
  if (last == points_.rend()) return std::nullopt;
  return *last;
}

std::optional<double> MetricCurve::RunningAverage(int64_t up_to_step) const {
  long double sum = 0;  // wider than double: the sum of large values must not overflow
  int64_t count = 0;
  for (const MetricPoint& point : points_) {
    if (point.step > up_to_step) break;
    if (!std::isfinite(point.value)) continue;
    sum += point.value;
    ++count;
  }
  if (count == 0) return std::nullopt;
  return static_cast<double>(sum / count);
}

std::optional<double> MetricCurve::ValueAt(double step) const {
  const MetricPoint* before = nullptr;
  for (const MetricPoint& point : points_) {
    if (!std::isfinite(point.value)) continue;
    const double point_step = static_cast<double>(point.step);
    if (point_step == step) return point.value;
    if (point_step > step) {
      if (before == nullptr) return std::nullopt;
      const double before_step = static_cast<double>(before->step);
      return std::lerp(before->value, point.value, (step - before_step) / (point_step - before_step));
    }
    before = &point;
  }
  return std::nullopt;
}

std::optional<MetricPoint> MetricCurve::Value(const Objective& objective) const {
  return objective.scope == ObjectiveScope::kBest ? Best(objective.goal) : Last();
}

}  // namespace pegbox
