// Bayesian optimization: after a small initial design, each suggestion maximizes LogEI under a Gaussian process of all
// trials that have ended, with the pending ones as kriging believers.
//
//   no values, or all equal    -> initial design: the start point, then a scrambled Sobol sequence
//   no finite acquisition, or every candidate taken -> "fallback": near the best point, else anywhere that is free
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/search/gp/features.h"
#include "server/search/gp/gaussian_process.h"
#include "server/search/gp/likelihood.h"
#include "server/search/gp/training_set.h"
#include "server/search/searcher.h"
#include "server/search/taken_points.h"
#include "server/search/unit_cube.h"

namespace pegbox {

class BayesianSearcher : public Searcher {
 public:
  absl::StatusOr<std::vector<Suggestion>> Suggest(const SearchSnapshot& snapshot, int count) override;

 private:
  // What is learned once for a snapshot, however many suggestions it gives.
  struct Surrogate {
    TrainingSet training;
    ThetaFit objective;
    std::optional<ThetaFit> feasibility;
    std::vector<UnitPoint> best_observed;
  };

  // The last fit and what it was made of. It saves the time of fitting again; the result is the same without.
  struct FitCache {
    FeatureMatrix x;
    std::vector<double> y;
    ThetaFit fit;
  };

  std::optional<Surrogate> Learn(const UnitCube& cube, const FeatureMap& features, const SearchSnapshot& snapshot);
  static const ThetaFit& Fit(FeatureMatrix x, std::vector<double> y, std::optional<FitCache>& cache);

  std::optional<FitCache> objective_cache_;
  std::optional<FitCache> feasibility_cache_;
};

}  // namespace pegbox
