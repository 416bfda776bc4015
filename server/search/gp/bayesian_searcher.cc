#include "server/search/gp/bayesian_searcher.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/search/gp/acquisition.h"
#include "server/search/gp/acquisition_optimizer.h"
#include "server/search/gp/linear_algebra.h"
#include "server/search/sobol_sequence.h"

namespace pegbox {
namespace {

constexpr size_t kInitialPoints = 5;
constexpr size_t kFewTrials = 50;    // the hyperparameters are fitted after each trial up to here,
constexpr size_t kTrialsPerFit = 5;  // then after each fifth
constexpr size_t kMaxTrainingSize = 1000;
constexpr size_t kBestKept = 768;
constexpr size_t kMaxFitSize = 256;
constexpr size_t kMinFailures = 5;        // from so many,
constexpr double kMinFailureShare = 0.2;  // or from this share of the trials, failures are modelled
constexpr double kNearlyEqual = 1e-4;
// Refining one combination of categories promises a little more for ever, so that another one is never tried. So, once
// the expected improvement is below 1 % of the outputs' standard deviation, each third suggestion asks for an
// improvement of 10 % at least. Spaces without categories are better off without it (measured on search_problems.cc).
const double kExhausted = std::log(0.01);
constexpr double kBoldImprovement = 0.1;
constexpr uint64_t kBoldPeriod = 3;
constexpr int kFallbackTries = 64;
constexpr double kFallbackSpread = 0.05;

// The places of one snapshot's trials and suggestions.
struct Places {
  Places(const UnitCube& cube, const std::vector<Observation>& observations) : cube(cube), taken(cube, observations) {
    for (const Observation& observation : observations) {
      all.push_back(cube.Encode(observation.parameters));
      if (observation.kind == Observation::Kind::kPending) pending.push_back(all.back());
    }
  }

  void Take(const UnitPoint& point) {
    taken.Take(point);
    all.push_back(point);
    pending.push_back(point);
  }

  // Whether some trial is so near that another one would teach nothing.
  bool HasNeighbour(const UnitPoint& point) const {
    return std::any_of(all.begin(), all.end(), [&](const UnitPoint& other) { return AreNear(point, other); });
  }

  bool AreNear(const UnitPoint& a, const UnitPoint& b) const {
    for (size_t i = 0; i < a.size(); ++i) {
      const bool is_level = cube.axes()[i].kind != Axis::Kind::kContinuous || a[i] == kInactive || b[i] == kInactive;
      if (is_level ? a[i] != b[i] : std::abs(a[i] - b[i]) >= kNearlyEqual) return false;
    }
    return true;
  }

  const UnitCube& cube;
  TakenPoints taken;
  std::vector<UnitPoint> all;
  std::vector<UnitPoint> pending;
};

struct Choice {
  UnitPoint point;
  Provenance provenance;
};

// The start point; when it is taken, the trial's own point of a scrambled Sobol sequence. Nothing: the space is
// exhausted.
std::optional<UnitPoint> InitialPoint(const Places& places, uint64_t seed, uint64_t number) {
  const UnitCube& cube = places.cube;
  RandomStream random(seed, number, RandomPurpose::kInitialDesign);
  int proposals = 0;
  return places.taken.FindFree([&] {
    switch (proposals++) {
      case 0:
        return cube.Start();
      case 1: {
        // Trials 2, 3, 4 and 5 take the points 0 to 3, which together are evenly spread.
        const SobolSequence sequence(cube.axes().size(), MixSeed(seed, uint64_t(RandomPurpose::kInitialDesign)));
        UnitPoint point = sequence.Point(number - 2);
        cube.Snap(point);
        return point;
      }
      default:
        return RandomPoint(cube, random);
    }
  });
}

// A free point near `best`; else any free point. Nothing: the space is exhausted.
std::optional<UnitPoint> FallbackPoint(const Places& places, const UnitPoint& best, uint64_t seed, uint64_t number) {
  RandomStream random(seed, number, RandomPurpose::kInitialDesign);
  for (int i = 0; i < kFallbackTries; ++i) {
    UnitPoint point = best;
    for (double& u : point) {
      if (u != kInactive) u = std::clamp(u + kFallbackSpread * random.Normal(), 0.0, 1.0);
    }
    places.cube.Snap(point);
    if (!places.HasNeighbour(point)) return point;
  }
  return places.taken.FindFree([&] { return RandomPoint(places.cube, random); });
}

// With the prior's hyperparameters where the fitted ones are numerically useless.
std::optional<GaussianProcess> Condition(const FeatureMatrix& x, const std::vector<double>& y, const Theta& theta) {
  std::optional<GaussianProcess> process = GaussianProcess::Create(x, y, theta);
  if (!process) process = GaussianProcess::Create(x, y, ThetaPrior(x.dimensions()).start);
  return process;
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

const ThetaFit& BayesianSearcher::Fit(FeatureMatrix x, std::vector<double> y, std::optional<FitCache>& cache) {
  const bool is_known = cache && cache->y == y && cache->x.count == x.count && cache->x.values == x.values;
  if (!is_known) {
    ThetaFit fit = FitTheta(x, y);
    cache = FitCache{std::move(x), std::move(y), std::move(fit)};
  }
  return cache->fit;
}

std::optional<BayesianSearcher::Surrogate> BayesianSearcher::Learn(const UnitCube& cube, const FeatureMap& features,
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
  surrogate.objective = Fit(x, fit_set.outputs, objective_cache_);
  const double share = static_cast<double>(training->failures) / static_cast<double>(training->points.size());
  if (training->failures >= kMinFailures || share >= kMinFailureShare) {
    surrogate.feasibility = Fit(x, fit_set.labels, feasibility_cache_);
  }
  surrogate.training = *std::move(training);
  return surrogate;
}

namespace {

// Nothing: no candidate is free, or the model is numerically useless; `why` says so.
template <typename Surrogate>
std::optional<Choice> MaximizeLogEi(const Places& places, const FeatureMap& features, const Surrogate& surrogate,
                                    uint64_t seed, uint64_t number, std::string& why) {
  std::vector<UnitPoint> points = surrogate.training.points;
  points.insert(points.end(), places.pending.begin(), places.pending.end());
  const std::optional<GaussianProcess> objective =
      Condition(features.Map(points), surrogate.training.outputs, surrogate.objective.theta);
  if (!objective) {
    why = "the surrogate's covariance is not positive definite";
    return std::nullopt;
  }
  std::optional<GaussianProcess> feasibility;
  if (surrogate.feasibility) {
    feasibility =
        Condition(features.Map(surrogate.training.points), surrogate.training.labels, surrogate.feasibility->theta);
  }
  const PosteriorBatch pending = objective->Predict(features.Map(places.pending));
  const double incumbent = ChooseIncumbent(*objective, surrogate.training.outputs, pending.mean());
  const auto maximize = [&](double below) {
    const Acquisition acquisition(features, *objective, feasibility ? &*feasibility : nullptr, incumbent - below);
    return AcquisitionOptimizer(places.cube, acquisition, seed, number).Maximize(surrogate.best_observed);
  };
  std::vector<ScoredPoint> candidates = maximize(0);
  const bool is_bold = features.categorical() > 0 && number % kBoldPeriod == 0 && candidates[0].value < kExhausted;
  if (is_bold) candidates = maximize(kBoldImprovement);
  for (ScoredPoint& candidate : candidates) {
    if (!std::isfinite(candidate.value) || places.HasNeighbour(candidate.point)) continue;
    return Choice{std::move(candidate.point),
                  {.source = "log_ei",
                   .acquisition_value = candidate.value,
                   .note = is_bold ? "asked for a large improvement: small ones are nearly exhausted" : ""}};
  }
  why = "every candidate lies at a trial";
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::vector<Suggestion>> BayesianSearcher::Suggest(const SearchSnapshot& snapshot, int count) try {
  UseOneThread();
  const UnitCube cube(snapshot.space);
  const FeatureMap features(cube);
  Places places(cube, snapshot.observations);
  std::optional<Surrogate> surrogate;
  if (places.all.size() + static_cast<size_t>(count) > kInitialPoints) surrogate = Learn(cube, features, snapshot);

  std::vector<Suggestion> suggestions;
  for (int i = 0; i < count && !places.taken.IsExhausted(); ++i) {
    const uint64_t number = static_cast<uint64_t>(snapshot.next_trial_number + i);
    const bool is_initial = !surrogate || places.all.size() < kInitialPoints;
    std::optional<Choice> choice;
    std::string why;
    if (!is_initial) choice = MaximizeLogEi(places, features, *surrogate, snapshot.seed, number, why);
    if (!choice) {
      const auto point = is_initial ? InitialPoint(places, snapshot.seed, number)
                                    : FallbackPoint(places, surrogate->best_observed.front(), snapshot.seed, number);
      if (!point) break;
      choice = Choice{*point, {.source = is_initial ? "initial" : "fallback", .note = why}};
    }
    if (!is_initial) {
      choice->provenance.fit_evaluations = surrogate->objective.evaluations;
      if (surrogate->feasibility) choice->provenance.fit_evaluations += surrogate->feasibility->evaluations;
    }
    Assignment parameters = cube.Decode(choice->point);
    places.Take(cube.Encode(parameters));  // the bits that the next snapshot will show
    suggestions.push_back({std::move(parameters), std::move(choice->provenance)});
  }
  return suggestions;
} catch (const std::exception& error) {
  return absl::InternalError(absl::StrCat("the surrogate's linear algebra failed: ", error.what()));
}

}  // namespace pegbox
