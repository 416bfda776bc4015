// What to condition the surrogate on when all outcomes are too many. Exact up to 2,000 of them; beyond, 768: of four
// suggestions three search a trust region around the best trial by a model of its surroundings, and one searches
// everywhere by a model of an even selection.
//
// The trust region is TuRBO's (Eriksson et al., "Scalable global optimization via local Bayesian optimization", NeurIPS
// 2019): a box whose sides are in proportion to the length-scales, doubled after 3 improvements in a row and halved
// after max(4, d) trials without one. Its state is replayed from the outcomes, so nothing has to be kept.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "server/search/gp/features.h"
#include "server/search/gp/kernel.h"
#include "server/search/gp/training_set.h"
#include "server/search/unit_cube.h"

namespace pegbox {

// Bounds of each axis.
struct SearchBox {
  UnitPoint lower, upper;
};

struct LocalModel {
  std::vector<Outcome> outcomes;  // to be conditioned on, by trial number
  std::optional<SearchBox> box;   // to be searched; nothing: everywhere
};

// For suggestion `number`. `outcomes` by trial number; `theta` gives the metric.
LocalModel ChooseLocalModel(const UnitCube& cube, const FeatureMap& features, const std::vector<Outcome>& outcomes,
                            const Theta& theta, uint64_t seed, uint64_t number);

// Side of the trust region in the unit cube, before length-scales, after these outcomes of which the first `exact` were
// all in the model.
double TrustRegionLength(std::span<const Outcome> outcomes, size_t exact, size_t dimensions);

}  // namespace pegbox
