// Search spaces as unit cubes: one axis for each parameter that is searched, so that equal steps along an axis are
// equally interesting. Constants have no axis.
//
//   double      u = (x - min) / (max - min), of log x with LOG, mirrored with REVERSE_LOG
//   integer     u = (g(x) - g(min - 1/2)) / (g(max + 1/2) - g(min - 1/2)), g = log with LOG, else the identity
//   discrete, categorical, bool    u = (i + 1/2) / k for the i-th of k values
//   double that may be 0           u = 0, or m + (1 - m) times the above: the first m of the axis stands for 0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/domain/parameter.h"
#include "server/domain/search_space.h"

namespace pegbox {

// The coordinate of a parameter that is not active.
inline constexpr double kInactive = -1;

// One coordinate an axis: in [0, 1] or kInactive.
using UnitPoint = std::vector<double>;

struct Axis {
  enum class Kind { kContinuous, kOrdered, kCategorical };

  // Active only when the parent is active and stands at one of the levels.
  struct Condition {
    size_t parent = 0;
    std::vector<int64_t> levels;  // ascending
    friend bool operator==(const Condition&, const Condition&) = default;
  };

  size_t parameter = 0;  // its place in the space
  Kind kind = Kind::kContinuous;
  int64_t levels = 0;    // of ordered and categorical axes: how many values there are
  double zero_mass = 0;  // m, of a continuous axis whose parameter may be 0
  std::optional<Condition> condition;
};

// Thread-safe. The space outlives it.
class UnitCube {
 public:
  explicit UnitCube(const SearchSpace& space);

  const SearchSpace& space() const { return space_; }
  const std::vector<Axis>& axes() const { return axes_; }

  // The point of a valid assignment. Exact for levels: equal values have equal coordinates.
  UnitPoint Encode(const Assignment& assignment) const;

  // The assignment nearest to any point of the cube, valid in the space. Inverse of Encode up to rounding: the last
  // bits of doubles, and integers above about 2^45.
  Assignment Decode(const UnitPoint& point) const;

  // Moves a point to the nearest one that stands for an assignment: levels to their places, kInactive where the parents
  // say so. An active coordinate that was kInactive goes to the middle.
  void Snap(UnitPoint& point) const;

  // Whether the axis is active, given the parents' coordinates, which are snapped.
  bool IsActive(size_t axis, const UnitPoint& point) const;

  // Of ordered and categorical axes: the level of an active coordinate, and the coordinate of a level.
  int64_t Level(size_t axis, double coordinate) const;
  double Coordinate(size_t axis, int64_t level) const;

  // Every parameter at its default; without one at the middle of its range, a categorical at its first value.
  UnitPoint Start() const;

  // The next snapped point in an order that visits each combination of levels once and then begins again. Continuous
  // coordinates stay; those that become active go to the middle.
  void Advance(UnitPoint& point) const;

 private:
  void AddAxis(size_t parameter);
  // The condition of a parameter in terms of axes: constants that stand between are skipped.
  std::optional<Axis::Condition> Resolve(size_t parameter) const;
  bool Holds(const std::optional<Axis::Condition>& condition, const UnitPoint& point) const;
  const ParameterDomain& domain(size_t axis) const { return space_.parameters()[axes_[axis].parameter].domain; }

  const SearchSpace& space_;
  std::vector<Axis> axes_;
  // By parameter.
  std::vector<std::optional<size_t>> axis_of_;
  std::vector<std::optional<Axis::Condition>> condition_of_;
};

}  // namespace pegbox
