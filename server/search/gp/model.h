// The surrogate as it is asked for suggestions: what it was conditioned on, and its posteriors.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "server/search/gp/features.h"
#include "server/search/gp/gaussian_process.h"
#include "server/search/gp/local_model.h"
#include "server/search/gp/training_set.h"
#include "server/search/searcher.h"

namespace pegbox {

// Keeps what it computed, which makes the next call faster and never shows in a result.
class Model {
 public:
  // Conditions on the outcomes, or on those chosen for suggestion `number` where they are too many, with pending points
  // as kriging believers. Where the fitted hyperparameters are numerically useless, takes the prior's, and merges
  // points that are nearly equal. False: the measured values do not differ, or that was not enough.
  bool Condition(const UnitCube& cube, const FeatureMap& features, const std::vector<Outcome>& outcomes,
                 const SurrogateFit& fit, std::span<const UnitPoint> pending, uint64_t seed, uint64_t number);

  // What objective() was conditioned on, in its order. Once failures are modelled, those are left out: their values
  // would be guesses, and their points are pending ones to it.
  const TrainingSet& training() const { return training_; }
  // Of the acquisition: grows with the share of recent trials that failed.
  double caution() const { return caution_; }
  const std::optional<SearchBox>& box() const { return box_; }
  const GaussianProcess& objective() const { return objective_; }
  // Of the labels; null while too few trials have failed.
  const GaussianProcess* feasibility() const { return has_feasibility_ ? &feasibility_ : nullptr; }

  // Measured points, the best first.
  std::vector<UnitPoint> BestObserved() const;

 private:
  TrainingSet training_;
  std::optional<SearchBox> box_;
  GaussianProcess objective_, feasibility_;
  bool has_feasibility_ = false;
  double caution_ = 1;
};

}  // namespace pegbox
