#include "server/search/gp/surrogate.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace pegbox {
namespace {

constexpr size_t kFewTrials = 50;    // the hyperparameters are fitted after each trial up to here,
constexpr size_t kTrialsPerFit = 5;  // then after each fifth
constexpr size_t kMaxTrainingSize = 1000;
constexpr size_t kBestKept = 768;
constexpr size_t kMaxFitSize = 256;
constexpr size_t kMinFailures = 5;        // from so many,
constexpr double kMinFailureShare = 0.2;  // or from this share of the trials, failures are modelled

std::vector<UnitPoint> BestFirst(const TrainingSet& training) {
  std::vector<size_t> order(training.points.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return training.outputs[a] < training.outputs[b]; });
  std::vector<UnitPoint> points;
  for (size_t i : order) {
    if (training.labels[i] > 0) points.push_back(training.points[i]);
  }
  return points;
}

}  // namespace

const ThetaFit& SurrogateTrainer::Fit(FeatureMatrix x, std::vector<double> y, std::optional<Fitted>& last) {
  const bool is_known = last && last->y == y && last->x.count == x.count && last->x.values == x.values;
  if (!is_known) {
    ThetaFit fit = FitTheta(x, y);
    last = Fitted{std::move(x), std::move(y), std::move(fit)};
  }
  return last->fit;
}

std::optional<Surrogate> SurrogateTrainer::Learn(const UnitCube& cube, const FeatureMap& features,
                                                 const SearchSnapshot& snapshot) {
  const std::vector<Outcome> outcomes = CollectOutcomes(cube, snapshot);
  std::optional<TrainingSet> training = MakeTrainingSet(KeepBestAndRecent(outcomes, kMaxTrainingSize, kBestKept));
  if (!training) return std::nullopt;

  // The fit is of the first outcomes only, so that it is the same for a few trials in a row.
  const size_t fitted =
      outcomes.size() < kFewTrials ? outcomes.size() : outcomes.size() - outcomes.size() % kTrialsPerFit;
  const std::vector<Outcome> settled(outcomes.begin(), outcomes.begin() + fitted);
  const std::optional<TrainingSet> settled_set =
      MakeTrainingSet(KeepBestAndRecent(settled, kMaxTrainingSize, kBestKept));
  const TrainingSet fit_set = Thin(settled_set ? *settled_set : *training, kMaxFitSize);

  Surrogate surrogate{.best_observed = BestFirst(*training)};
  const FeatureMatrix x = features.Map(fit_set.points);
  surrogate.objective = Fit(x, fit_set.outputs, last_objective_);
  const double share = static_cast<double>(training->failures) / static_cast<double>(training->points.size());
  if (training->failures >= kMinFailures || share >= kMinFailureShare) {
    surrogate.feasibility = Fit(x, fit_set.labels, last_feasibility_);
  }
  surrogate.training = *std::move(training);
  return surrogate;
}

}  // namespace pegbox
