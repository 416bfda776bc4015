// The points that trials stand at already, so that no point is suggested twice.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "server/search/random_stream.h"
#include "server/search/searcher.h"
#include "server/search/unit_cube.h"

namespace pegbox {

class TakenPoints {
 public:
  TakenPoints(const UnitCube& cube, const std::vector<Observation>& observations);
  // Encoded already. The cube outlives this.
  TakenPoints(const UnitCube& cube, std::span<const UnitPoint> points);

  // False: its assignment was taken before.
  bool Take(const UnitPoint& point) { return points_.insert(Canonical(point)).second; }
  bool Contains(const UnitPoint& point) const { return points_.contains(Canonical(point)); }

  // Every assignment of a finite space is taken.
  bool IsExhausted() const;

  // The first of `propose`'s points that is free; after many vain tries, in a finite space, the next free point
  // after the last one. A taken one only in a continuous space, when chance wills it. Nothing: the space is exhausted.
  std::optional<UnitPoint> FindFree(absl::FunctionRef<UnitPoint()> propose) const;

 private:
  // One point for all that stand for the same assignment: the last bits are lost on the way to a value and back.
  UnitPoint Canonical(const UnitPoint& point) const { return cube_.Encode(cube_.Decode(point)); }

  const UnitCube& cube_;
  absl::flat_hash_set<UnitPoint> points_;
};

// A uniform point, snapped.
UnitPoint RandomPoint(const UnitCube& cube, RandomStream& random);

}  // namespace pegbox
