#include "server/search/taken_points.h"

#include <cstdint>

namespace pegbox {
namespace {

constexpr int kProposals = 64;

}  // namespace

TakenPoints::TakenPoints(const UnitCube& cube, const std::vector<Observation>& observations) : cube_(cube) {
  points_.reserve(observations.size());
  for (const Observation& observation : observations) points_.insert(cube.Encode(observation.parameters));
}

TakenPoints::TakenPoints(const UnitCube& cube, std::span<const UnitPoint> points)
    : cube_(cube), points_(points.begin(), points.end()) {}

bool TakenPoints::IsExhausted() const {
  return cube_.space().CountAssignments(static_cast<int64_t>(points_.size())).has_value();
}

std::optional<UnitPoint> TakenPoints::FindFree(absl::FunctionRef<UnitPoint()> propose) const {
  if (IsExhausted()) return std::nullopt;
  UnitPoint point = propose();
  for (int i = 1; i < kProposals && Contains(point); ++i) point = propose();
  // The order visits each combination of levels once, so one more step than there are taken points must find a free
  // one, unless continuous coordinates coincide.
  for (size_t i = 0; i <= points_.size() && Contains(point); ++i) cube_.Advance(point);
  return point;
}

UnitPoint RandomPoint(const UnitCube& cube, RandomStream& random) {
  UnitPoint point(cube.axes().size());
  for (double& u : point) u = random.Uniform();
  cube.Snap(point);
  return point;
}

}  // namespace pegbox
