// Points of the unit cube as the kernel sees them: numbers, compared by distance, and categories, compared by equality.
// A numeric axis that is inactive stands at 1/2, and each condition on numeric axes adds an indicator (1 active, 0 not)
// with a length-scale of its own; an inactive category is one more category. A number that may be 0 stands at 0 then,
// below its range, and has an indicator too. So every kernel stays positive definite.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "server/search/unit_cube.h"

namespace pegbox {

// Features of `count` points; the numeric ones come first.
struct FeatureMatrix {
  size_t numeric = 0;
  size_t categorical = 0;
  size_t count = 0;
  std::vector<double> values;  // [numeric + categorical, count]

  size_t dimensions() const { return numeric + categorical; }
  const double* feature(size_t j) const { return &values[j * count]; }
  double at(size_t j, size_t point) const { return values[j * count + point]; }
};

class FeatureMap {
 public:
  explicit FeatureMap(const UnitCube& cube);

  size_t numeric() const { return numeric_; }
  size_t categorical() const { return categorical_axes_.size(); }
  size_t dimensions() const { return numeric_ + categorical_axes_.size(); }

  // Points are snapped, or relaxed: an ordered coordinate may stand between its levels.
  FeatureMatrix Map(std::span<const UnitPoint> points) const;

  // The numeric feature that is the axis' coordinate; none of a categorical axis.
  std::optional<size_t> FeatureOf(size_t axis) const;

 private:
  std::vector<size_t> numeric_axes_;
  std::vector<Axis::Condition> conditions_;  // of numeric axes, each once
  std::vector<size_t> indicated_axes_;       // an axis with that condition
  std::vector<size_t> zero_axes_;            // that have a part for 0
  std::vector<size_t> categorical_axes_;
  size_t numeric_ = 0;
};

}  // namespace pegbox
