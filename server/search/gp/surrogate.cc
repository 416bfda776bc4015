#include "server/search/gp/surrogate.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace pegbox {
namespace {

constexpr int64_t kFewTrials = 50;
constexpr int64_t kTrialsPerFit = 5;
constexpr int64_t kLongFitTrials = 200;  // above, fits are too long for a suggestion to wait for
constexpr int64_t kLongFitShare = 20;
constexpr size_t kMaxTrainingSize = 1000;
constexpr size_t kBestKept = 768;
constexpr size_t kMaxFitSize = 512;       // above, a fit is of so many as
constexpr size_t kThinnedFitSize = 384;   // this,
constexpr size_t kQuickFitSize = 128;     // or this when a suggestion has to wait for it
constexpr size_t kMinFailures = 5;        // from so many,
constexpr double kMinFailureShare = 0.2;  // or from this share of the trials, failures are modelled

int64_t CountOutcomes(const SearchSnapshot& snapshot) {
  return std::count_if(snapshot.observations.begin(), snapshot.observations.end(),
                       [](const Observation& observation) { return observation.kind != Observation::Kind::kPending; });
}

// Trials between fits.
int64_t FitPeriod(int64_t outcomes) {
  if (outcomes < kFewTrials) return 1;
  return outcomes <= kLongFitTrials ? kTrialsPerFit : outcomes / kLongFitShare;
}

bool IsTheta(const std::vector<double>& theta, size_t dimensions) {
  return theta.size() == dimensions + 2 &&
         std::all_of(theta.begin(), theta.end(), [](double x) { return std::isfinite(x); });
}

// Whether it is a fit of this space and of no more trials than have ended.
bool IsUsable(const SurrogateFit* fit, size_t dimensions, int64_t outcomes) {
  return fit != nullptr && fit->outcomes <= outcomes && IsTheta(fit->objective_theta, dimensions) &&
         (fit->feasibility_theta.empty() || IsTheta(fit->feasibility_theta, dimensions));
}

bool IsFitDue(const SurrogateFit* fit, size_t dimensions, int64_t outcomes) {
  return !IsUsable(fit, dimensions, outcomes) || outcomes - fit->outcomes >= FitPeriod(outcomes);
}

bool TeachesFeasibility(const TrainingSet& training) {
  const double share = static_cast<double>(training.failures) / static_cast<double>(training.points.size());
  return training.failures >= kMinFailures || share >= kMinFailureShare;
}

// `last` is usable, or null. The subset of a thinned set says too little of the noise, so that stays as it was.
SurrogateFit MakeFit(const FeatureMatrix& x, const TrainingSet& training, bool is_thinned, const SurrogateFit* last) {
  ThetaFit objective = FitTheta(x, training.outputs, last ? &last->objective_theta : nullptr, is_thinned);
  SurrogateFit fit{.objective_theta = std::move(objective.theta), .evaluations = objective.evaluations};
  if (!TeachesFeasibility(training)) return fit;
  const bool has_last = last != nullptr && !last->feasibility_theta.empty();
  ThetaFit feasibility = FitTheta(x, training.labels, has_last ? &last->feasibility_theta : nullptr);
  fit.feasibility_theta = std::move(feasibility.theta);
  fit.evaluations += feasibility.evaluations;
  return fit;
}

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

bool IsLongFitDue(size_t dimensions, const SearchSnapshot& snapshot) {
  const int64_t outcomes = CountOutcomes(snapshot);
  return outcomes > kLongFitTrials && IsFitDue(snapshot.last_fit, dimensions, outcomes);
}

std::optional<SurrogateFit> FitSurrogate(const UnitCube& cube, const FeatureMap& features,
                                         const SearchSnapshot& snapshot) {
  const std::vector<Outcome> outcomes = CollectOutcomes(cube, snapshot);
  std::optional<TrainingSet> training = MakeTrainingSet(outcomes);
  if (!training) return std::nullopt;
  const bool is_thinned = outcomes.size() > kMaxFitSize;
  if (is_thinned) training = Thin(*training, kThinnedFitSize);
  const int64_t count = static_cast<int64_t>(outcomes.size());
  const bool has_last = IsUsable(snapshot.last_fit, features.dimensions(), count);
  SurrogateFit fit =
      MakeFit(features.Map(training->points), *training, is_thinned, has_last ? snapshot.last_fit : nullptr);
  fit.outcomes = count;
  return fit;
}

std::optional<Surrogate> SurrogateTrainer::Learn(const UnitCube& cube, const FeatureMap& features,
                                                 const SearchSnapshot& snapshot) {
  const std::vector<Outcome> outcomes = CollectOutcomes(cube, snapshot);
  std::optional<TrainingSet> training = MakeTrainingSet(KeepBestAndRecent(outcomes, kMaxTrainingSize, kBestKept));
  if (!training) return std::nullopt;

  const int64_t count = static_cast<int64_t>(outcomes.size());
  const size_t dimensions = features.dimensions();
  Surrogate surrogate{.best_observed = BestFirst(*training)};
  const SurrogateFit* last = IsUsable(snapshot.last_fit, dimensions, count) ? snapshot.last_fit : nullptr;
  if (last != nullptr && (count > kLongFitTrials || !IsFitDue(last, dimensions, count))) {
    surrogate.fit = *last;
    const bool wants_feasibility = last->feasibility_theta.empty() && TeachesFeasibility(*training);
    if (wants_feasibility) surrogate.fit.feasibility_theta = ThetaPrior(dimensions).start;
  } else {
    const bool is_quick = count > kLongFitTrials;
    const TrainingSet& fit_set = is_quick ? Thin(*training, kQuickFitSize) : *training;
    FeatureMatrix x = features.Map(fit_set.points);
    const std::optional<SurrogateFit> start = last ? std::optional(*last) : std::nullopt;
    const bool is_known = fitted_ && fitted_->outputs == fit_set.outputs && fitted_->labels == fit_set.labels &&
                          fitted_->x.values == x.values && fitted_->last == start;
    if (!is_known) {
      SurrogateFit fit = MakeFit(x, fit_set, /*is_thinned=*/false, last);
      // A quick one is to be replaced soon.
      fit.outcomes = is_quick ? kLongFitTrials : count;
      fitted_ = Fitted{std::move(x), fit_set.outputs, fit_set.labels, start, std::move(fit)};
    }
    surrogate.fit = fitted_->fit;
    surrogate.fit_evaluations = fitted_->fit.evaluations;
  }
  surrogate.training = *std::move(training);
  return surrogate;
}

}  // namespace pegbox
