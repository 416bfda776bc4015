#include "server/search/gp/surrogate.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace pegbox {
namespace {

constexpr int64_t kFewTrials = 50;
constexpr int64_t kTrialsPerFit = 5;
constexpr int64_t kLongFitTrials = 200;  // above, fits are too long for a suggestion to wait for
constexpr int64_t kLongFitShare = 20;
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
SurrogateFit MakeFit(const FeatureMap& features, const TrainingSet& training, bool is_thinned,
                     const SurrogateFit* last) {
  const bool teaches_feasibility = TeachesFeasibility(training);
  const TrainingSet& valued = teaches_feasibility ? Measured(training) : training;
  ThetaFit objective =
      FitTheta(features.Map(valued.points), valued.outputs, last ? &last->objective_theta : nullptr, is_thinned);
  SurrogateFit fit{.objective_theta = std::move(objective.theta), .evaluations = objective.evaluations};
  if (!teaches_feasibility) return fit;
  const bool has_last = last != nullptr && !last->feasibility_theta.empty();
  ThetaFit feasibility =
      FitTheta(features.Map(training.points), training.labels, has_last ? &last->feasibility_theta : nullptr);
  fit.feasibility_theta = std::move(feasibility.theta);
  fit.evaluations += feasibility.evaluations;
  return fit;
}

}  // namespace

bool IsLongFitDue(size_t dimensions, const SearchSnapshot& snapshot) {
  const int64_t outcomes = CountOutcomes(snapshot);
  return outcomes > kLongFitTrials && IsFitDue(snapshot.last_fit, dimensions, outcomes);
}

std::optional<SurrogateFit> FitSurrogate(const FeatureMap& features, const std::vector<Outcome>& outcomes,
                                         const SurrogateFit* last) {
  std::optional<TrainingSet> training = MakeTrainingSet(outcomes);
  if (!training) return std::nullopt;
  const bool is_thinned = outcomes.size() > kMaxFitSize;
  if (is_thinned) training = Thin(*training, kThinnedFitSize);
  const int64_t count = std::ssize(outcomes);
  if (!IsUsable(last, features.dimensions(), count)) last = nullptr;
  SurrogateFit fit = MakeFit(features, *training, is_thinned, last);
  fit.outcomes = count;
  return fit;
}

std::optional<CurrentFit> SurrogateTrainer::Learn(const FeatureMap& features, const std::vector<Outcome>& outcomes,
                                                  const SurrogateFit* last) {
  std::optional<TrainingSet> training = MakeTrainingSet(outcomes);
  if (!training) return std::nullopt;
  const int64_t count = std::ssize(outcomes);
  const size_t dimensions = features.dimensions();
  if (!IsUsable(last, dimensions, count)) last = nullptr;
  const bool is_long = count > kLongFitTrials;
  if (last != nullptr && (is_long || !IsFitDue(last, dimensions, count))) {
    CurrentFit current{.fit = *last};
    const bool wants_feasibility = last->feasibility_theta.empty() && TeachesFeasibility(*training);
    if (wants_feasibility) current.fit.feasibility_theta = ThetaPrior(dimensions).start;
    return current;
  }
  if (is_long) training = Thin(*training, kQuickFitSize);
  FeatureMatrix x = features.Map(training->points);
  const std::optional<SurrogateFit> start = last ? std::optional(*last) : std::nullopt;
  const bool is_known = fitted_ && fitted_->outputs == training->outputs && fitted_->labels == training->labels &&
                        fitted_->x.values == x.values && fitted_->last == start;
  if (!is_known) {
    SurrogateFit fit = MakeFit(features, *training, /*is_thinned=*/false, last);
    // A quick one is to be replaced soon.
    fit.outcomes = is_long ? kLongFitTrials : count;
    fitted_ = Fitted{std::move(x), std::move(training->outputs), std::move(training->labels), start, std::move(fit)};
  }
  return CurrentFit{fitted_->fit, fitted_->fit.evaluations};
}

}  // namespace pegbox
