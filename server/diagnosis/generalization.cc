#include "server/diagnosis/generalization.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace pegbox {
namespace {

constexpr size_t kWindow = 3;       // reports that are looked at together
constexpr double kBeyondNoise = 2;  // standard deviations

std::vector<MetricPoint> FinitePoints(const MetricCurve& curve) {
  std::vector<MetricPoint> points;
  for (const MetricPoint& point : curve.points()) {
    if (std::isfinite(point.value)) points.push_back(point);
  }
  return points;
}

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Positive when `a` is worse than `b`.
double Excess(Goal goal, double a, double b) { return goal == Goal::kMinimize ? a - b : b - a; }

double MeanOf(const std::vector<MetricPoint>& points, size_t begin, size_t end) {
  double sum = 0;
  for (size_t i = begin; i < end; ++i) sum += points[i].value;
  return sum / static_cast<double>(end - begin);
}

bool HasDiverged(Goal goal, const MetricCurve& train, const MetricCurve& validation, int64_t best_step) {
  const std::vector<MetricPoint> points = FinitePoints(validation);
  const auto after = std::find_if(points.begin(), points.end(), [&](const auto& p) { return p.step > best_step; });
  const size_t first = static_cast<size_t>(after - points.begin());
  if (first == 0 || points.size() - first < kWindow) return false;
  // Means of as many reports on both sides: the best single report is lucky.
  const size_t begin = first >= 2 ? first - 2 : 0;
  const double around_best = MeanOf(points, begin, std::min(begin + kWindow, points.size()));
  const double at_end = MeanOf(points, points.size() - kWindow, points.size());
  const double noise_of_means = ReportNoise(validation) * std::sqrt(2.0 / kWindow);
  if (Excess(goal, at_end, around_best) <= kBeyondNoise * noise_of_means) return false;
  const std::optional<double> train_then = train.ValueAt(static_cast<double>(best_step));
  const std::optional<MetricPoint> train_now = train.Last();
  return train_then.has_value() && train_now.has_value() && IsBetter(goal, train_now->value, *train_then);
}

}  // namespace

double ReportNoise(const MetricCurve& curve) {
  const std::vector<MetricPoint> points = FinitePoints(curve);
  if (points.size() < 3) return 0;
  std::vector<double> differences;
  for (size_t i = 1; i + 1 < points.size(); ++i) {
    differences.push_back(std::abs(points[i + 1].value - 2 * points[i].value + points[i - 1].value));
  }
  return 1.4826 * Median(std::move(differences)) / std::sqrt(6.0);
}

std::optional<Generalization> CompareCurves(Goal goal, const MetricCurve& train, const MetricCurve& validation) {
  const std::optional<MetricPoint> best = validation.Best(goal);
  if (!best.has_value()) return std::nullopt;
  const std::optional<double> train_value = train.ValueAt(static_cast<double>(best->step));
  if (!train_value.has_value()) return std::nullopt;
  Generalization result{.best_step = best->step,
                        .train = *train_value,
                        .validation = best->value,
                        .gap = Excess(goal, best->value, *train_value)};
  if (HasDiverged(goal, train, validation, best->step)) result.divergence_step = best->step;
  return result;
}

}  // namespace pegbox
