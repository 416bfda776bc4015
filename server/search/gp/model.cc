#include "server/search/gp/model.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "server/search/gp/likelihood.h"

namespace pegbox {
namespace {

constexpr size_t kRecentTrials = 20;
constexpr double kCautionGrowth = 18;
constexpr double kMostCaution = 1e6;

FeatureMatrix MapTogether(const FeatureMap& features, std::vector<UnitPoint> points,
                          std::span<const UnitPoint> others) {
  points.insert(points.end(), others.begin(), others.end());
  return features.Map(points);
}

// 1 while no trial fails, 10 at 6 % of the recent ones, 1,000 at 17 %. Where the objective falls towards a region in
// which trials fail, expected improvement alone would have most of them fail: all that is left to gain lies there. So
// the border is approached from the good side, in steps that shrink with each failure (measured on the benchmark's
// "failing"; without this, 85 % of 80 trials fail there).
double Caution(const std::vector<Outcome>& outcomes) {
  const size_t recent = std::min(outcomes.size(), kRecentTrials);
  const auto failures = std::count_if(outcomes.end() - static_cast<int64_t>(recent), outcomes.end(),
                                      [](const Outcome& outcome) { return outcome.is_failure; });
  const double share = static_cast<double>(failures) / static_cast<double>(recent);
  return std::min(std::pow(10, kCautionGrowth * share), kMostCaution);
}

}  // namespace

bool Model::Condition(const UnitCube& cube, const FeatureMap& features, const std::vector<Outcome>& outcomes,
                      const SurrogateFit& fit, std::span<const UnitPoint> pending, uint64_t seed, uint64_t number) {
  LocalModel local = ChooseLocalModel(cube, features, outcomes, fit.objective_theta, seed, number);
  std::optional<TrainingSet> all = MakeTrainingSet(local.outcomes);
  if (!all) return false;
  box_ = std::move(local.box);
  caution_ = Caution(outcomes);
  has_feasibility_ = !fit.feasibility_theta.empty();
  std::vector<UnitPoint> believers;
  if (has_feasibility_) {
    for (size_t i = 0; i < all->points.size(); ++i) {
      if (all->labels[i] < 0) believers.push_back(all->points[i]);
    }
  }
  believers.insert(believers.end(), pending.begin(), pending.end());
  training_ = has_feasibility_ ? Measured(*all) : *all;
  const auto assign = [&](const Theta& theta) {
    return objective_.Assign(MapTogether(features, training_.points, believers), training_.outputs, theta);
  };
  const Theta prior = ThetaPrior(features.dimensions()).start;
  if (!assign(fit.objective_theta)) {
    training_ = MergeNearDuplicates(training_);
    if (!assign(prior)) return false;
  }
  if (!has_feasibility_) return true;
  const FeatureMatrix x = features.Map(all->points);
  has_feasibility_ =
      feasibility_.Assign(x, all->labels, fit.feasibility_theta) || feasibility_.Assign(x, all->labels, prior);
  return true;
}

std::vector<UnitPoint> Model::BestObserved() const {
  std::vector<size_t> order(training_.points.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return training_.outputs[a] < training_.outputs[b]; });
  std::vector<UnitPoint> points;
  for (size_t i : order) {
    if (training_.labels[i] > 0) points.push_back(training_.points[i]);
  }
  return points;
}

}  // namespace pegbox
