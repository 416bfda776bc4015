#include "server/search/gp/features.h"

#include <algorithm>

namespace pegbox {

FeatureMap::FeatureMap(const UnitCube& cube) {
  for (size_t i = 0; i < cube.axes().size(); ++i) {
    const Axis& axis = cube.axes()[i];
    if (axis.kind == Axis::Kind::kCategorical) {
      categorical_axes_.push_back(i);
      continue;
    }
    numeric_axes_.push_back(i);
    if (axis.zero_mass > 0) zero_axes_.push_back(i);
    const bool is_new =
        axis.condition && std::find(conditions_.begin(), conditions_.end(), *axis.condition) == conditions_.end();
    if (!is_new) continue;
    conditions_.push_back(*axis.condition);
    indicated_axes_.push_back(i);
  }
  numeric_ = numeric_axes_.size() + indicated_axes_.size() + zero_axes_.size();
}

FeatureMatrix FeatureMap::Map(std::span<const UnitPoint> points) const {
  FeatureMatrix matrix{numeric_, categorical_axes_.size(), points.size(), {}};
  matrix.values.reserve(dimensions() * points.size());
  for (size_t axis : numeric_axes_) {
    for (const UnitPoint& point : points) matrix.values.push_back(point[axis] == kInactive ? 0.5 : point[axis]);
  }
  for (size_t axis : indicated_axes_) {
    for (const UnitPoint& point : points) matrix.values.push_back(point[axis] == kInactive ? 0 : 1);
  }
  for (size_t axis : zero_axes_) {
    for (const UnitPoint& point : points) matrix.values.push_back(point[axis] == 0 ? 0 : 1);
  }
  for (size_t axis : categorical_axes_) {
    for (const UnitPoint& point : points) matrix.values.push_back(point[axis]);
  }
  return matrix;
}

std::optional<size_t> FeatureMap::FeatureOf(size_t axis) const {
  const auto found = std::lower_bound(numeric_axes_.begin(), numeric_axes_.end(), axis);
  if (found == numeric_axes_.end() || *found != axis) return std::nullopt;
  return found - numeric_axes_.begin();
}

}  // namespace pegbox
