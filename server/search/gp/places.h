// Where a snapshot's trials stand, each encoded once, and where the suggestions made since do.
#pragma once

#include <span>
#include <vector>

#include "server/search/searcher.h"
#include "server/search/taken_points.h"
#include "server/search/unit_cube.h"

namespace pegbox {

class Places {
 public:
  // Both outlive this.
  Places(const UnitCube& cube, const std::vector<Observation>& observations);

  const UnitCube& cube() const { return cube_; }
  const TakenPoints& taken() const { return taken_; }
  // Of the observations, in their order; then of the suggestions.
  std::span<const UnitPoint> all() const { return all_; }
  // Of trials without an outcome, by their number.
  std::span<const UnitPoint> pending() const { return pending_; }
  size_t outcomes() const { return all_.size() - pending_.size(); }

  // A suggestion was made.
  void Take(const UnitPoint& point);

  // Whether some trial is so near that another one would teach nothing: equal levels, and numbers within 1e-4.
  bool HasNeighbour(const UnitPoint& point) const;

 private:
  bool AreNear(const UnitPoint& a, const UnitPoint& b) const;

  const UnitCube& cube_;
  std::vector<UnitPoint> all_;
  std::vector<UnitPoint> pending_;
  TakenPoints taken_;
};

}  // namespace pegbox
