// Bayesian optimization: after a small initial design, each suggestion maximizes LogEI under a Gaussian process of all
// trials that have ended, with the pending ones as kriging believers.
//
//   more than 8 trials pending -> UCB instead, "ucb"
//   no values, or all equal    -> initial design: the start point, then a scrambled Sobol sequence
//   no finite acquisition, or every candidate taken -> "fallback": near the best point, else anywhere that is free
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/search/gp/model.h"
#include "server/search/gp/places.h"
#include "server/search/gp/surrogate.h"
#include "server/search/searcher.h"

namespace pegbox {

class BayesianSearcher : public Searcher {
 public:
  absl::StatusOr<std::vector<Suggestion>> Suggest(const SearchSnapshot& snapshot, int count) override;
  bool IsFitDue(const SearchSnapshot& snapshot) const override;
  absl::StatusOr<SurrogateFit> Fit(const SearchSnapshot& snapshot) const override;
  std::optional<int64_t> Recommend(const SearchSnapshot& snapshot) const override;

 private:
  // Nothing: the space is exhausted. `current`: null when there is nothing to learn from.
  std::optional<Suggestion> SuggestOne(const SearchSnapshot& snapshot, const FeatureMap& features,
                                       const std::vector<Outcome>& outcomes, const CurrentFit* current, uint64_t number,
                                       Places& places);

  SurrogateTrainer trainer_;
  Model model_;
};

}  // namespace pegbox
