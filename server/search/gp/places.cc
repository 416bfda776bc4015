#include "server/search/gp/places.h"

#include <algorithm>
#include <cmath>

namespace pegbox {
namespace {

constexpr double kNearlyEqual = 1e-4;

std::vector<UnitPoint> Encode(const UnitCube& cube, const std::vector<Observation>& observations) {
  std::vector<UnitPoint> points;
  points.reserve(observations.size());
  for (const Observation& observation : observations) points.push_back(cube.Encode(observation.parameters));
  return points;
}

}  // namespace

Places::Places(const UnitCube& cube, const std::vector<Observation>& observations)
    : cube_(cube), all_(Encode(cube, observations)), taken_(cube, all_) {
  for (size_t i = 0; i < observations.size(); ++i) {
    if (observations[i].kind == Observation::Kind::kPending) pending_.push_back(all_[i]);
  }
}

void Places::Take(const UnitPoint& point) {
  taken_.Take(point);
  all_.push_back(point);
  pending_.push_back(point);
}

bool Places::HasNeighbour(const UnitPoint& point) const {
  return std::any_of(all_.begin(), all_.end(), [&](const UnitPoint& other) { return AreNear(point, other); });
}

bool Places::AreNear(const UnitPoint& a, const UnitPoint& b) const {
  for (size_t i = 0; i < a.size(); ++i) {
    const bool is_level = cube_.axes()[i].kind != Axis::Kind::kContinuous || a[i] == kInactive || b[i] == kInactive;
    if (is_level ? a[i] != b[i] : std::abs(a[i] - b[i]) >= kNearlyEqual) return false;
  }
  return true;
}

}  // namespace pegbox
