// Where the acquisition is largest, over a space of any kinds of parameters:
//   1. quasi-random candidates everywhere and perturbed copies of the best observed points;
//   2. the best of them, and some drawn by their value, climb along the gradient together, one batch a round. Ordered
//      parameters of many values move between their levels on the way;
//   3. discrete coordinates, and those that may be 0, are swept one after the other, and the climb goes on from there.
// A space with few assignments is evaluated entirely instead.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/search/gp/acquisition.h"
#include "server/search/gp/lbfgs.h"
#include "server/search/gp/local_model.h"
#include "server/search/random_stream.h"
#include "server/search/unit_cube.h"

namespace pegbox {

struct ScoredPoint {
  UnitPoint point;
  double value = 0;
};

class AcquisitionOptimizer {
 public:
  // How much is tried: less, the more an evaluation costs.
  struct Effort {
    int global_candidates;
    int local_candidates;
    size_t greedy_starts;
    size_t drawn_starts;
    int rounds;
  };

  // `seed` fixes the candidates. `box`: where to search, if not everywhere. All outlive this.
  AcquisitionOptimizer(const UnitCube& cube, const Acquisition& acquisition, uint64_t seed, uint64_t number,
                       const SearchBox* box = nullptr);

  // Snapped points, the best first: those that climbed, and all candidates behind them, in case that the first ones are
  // taken. `best_observed`: the best first.
  std::vector<ScoredPoint> Maximize(std::span<const UnitPoint> best_observed);

 private:
  std::vector<UnitPoint> AllPoints(int64_t count) const;
  std::vector<UnitPoint> Candidates(std::span<const UnitPoint> best_observed);
  UnitPoint Perturbed(const UnitPoint& point);
  std::vector<ScoredPoint> ChooseStarts(const std::vector<ScoredPoint>& candidates);
  // A search along the gradient over the climbing axes that are active at its start.
  struct Search {
    UnitPoint At(const std::vector<double>& coordinates) const;

    UnitPoint start;
    std::vector<size_t> axes;
    Lbfgs lbfgs;
  };
  Search StartSearch(const UnitPoint& point, int rounds) const;
  // One batch of evaluations, one for each search that is not done. False: all are.
  bool ClimbTogether(std::vector<Search>& searches) const;
  // Climbs for at most `rounds` batches; each point ends snapped, with its value, and never worse than before.
  void Climb(std::vector<ScoredPoint>& points, int rounds) const;
  void Sweep(std::vector<ScoredPoint>& points);
  // The point with each other value worth trying on a swept axis.
  void AddAlternatives(const UnitPoint& point, size_t axis, std::vector<UnitPoint>& alternatives);
  // Uniform, snapped.
  double DrawCoordinate(size_t axis);
  // Snapped, after an axis was changed: what became active is drawn anew.
  void DrawActivated(UnitPoint& point);
  std::vector<ScoredPoint> Score(std::vector<UnitPoint> points) const;

  const UnitCube& cube_;
  const Acquisition& acquisition_;
  const SearchBox* const box_;
  const Effort effort_;
  const uint64_t sequence_seed_;
  RandomStream random_;
  std::vector<size_t> climbing_axes_, swept_axes_;
};

}  // namespace pegbox
