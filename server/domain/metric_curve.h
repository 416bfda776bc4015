// One metric of one trial over its steps.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/domain/objective.h"

namespace pegbox {

struct MetricPoint {
  int64_t step = 0;
  double value = 0;
  friend bool operator==(const MetricPoint&, const MetricPoint&) = default;
};

// Points by ascending step, at most one a step. Reports may come in any order and more than once.
class MetricCurve {
 public:
  MetricCurve() = default;
  explicit MetricCurve(const std::vector<MetricPoint>& points);

  // Takes the point in at its place. False, and nothing changed: the step has a point already; the first value wins.
  bool Add(MetricPoint point);

  bool empty() const { return points_.empty(); }
  const std::vector<MetricPoint>& points() const { return points_; }

  // The best finite point with step <= `up_to_step`; the earliest of equals. Nothing: there is none.
  std::optional<MetricPoint> Best(Goal goal, int64_t up_to_step = INT64_MAX) const;

  // The last finite point. Nothing: there is none.
  std::optional<MetricPoint> Last() const;

  // Mean of the finite values with step <= `up_to_step`. Nothing: there is none.
  std::optional<double> RunningAverage(int64_t up_to_step) const;

  // Value at `step`, linear between the finite points around it. Nothing outside of them: curves are never
  // extrapolated.
  std::optional<double> ValueAt(double step) const;

  // The trial's value: by `objective`'s goal and scope.
  std::optional<MetricPoint> Value(const Objective& objective) const;

 private:
  std::vector<MetricPoint> points_;
};

}  // namespace pegbox
