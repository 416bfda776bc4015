#include "server/search/gp/bayesian_searcher.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/search/gp/acquisition.h"
#include "server/search/gp/acquisition_optimizer.h"
#include "server/search/gp/features.h"
#include "server/search/gp/gaussian_process.h"
#include "server/search/gp/linear_algebra.h"
#include "server/search/sobol_sequence.h"
#include "server/search/taken_points.h"
#include "server/search/unit_cube.h"

namespace pegbox {
namespace {

constexpr size_t kInitialPoints = 5;
constexpr double kNearlyEqual = 1e-4;
// Refining one combination of categories promises a little more for ever, so that another one is never tried. So, once
// the expected improvement is below 1 % of the outputs' standard deviation, each third suggestion asks for an
// improvement of 10 % at least. Spaces without categories are better off without it (measured on search_problems.cc).
const double kExhausted = std::log(0.01);
constexpr double kBoldImprovement = 0.1;
constexpr uint64_t kBoldPeriod = 3;
constexpr double kExact = 1e-3;  // sigma^2 / s^2 below which the best value observed is no luck
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

  // Trials that have ended.
  int64_t outcomes() const { return std::ssize(all) - std::ssize(pending); }

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
std::optional<GaussianProcess> ConditionOn(const FeatureMatrix& x, const std::vector<double>& y, const Theta& theta) {
  std::optional<GaussianProcess> process = GaussianProcess::Create(x, y, theta);
  if (!process) process = GaussianProcess::Create(x, y, ThetaPrior(x.dimensions()).start);
  return process;
}

// Nothing: no candidate is free, or the model is numerically useless; `why` says so.
std::optional<Choice> MaximizeLogEi(const Places& places, const FeatureMap& features, const Surrogate& surrogate,
                                    uint64_t seed, uint64_t number, std::string& why) {
  std::vector<UnitPoint> points = surrogate.training.points;
  points.insert(points.end(), places.pending.begin(), places.pending.end());
  const std::optional<GaussianProcess> objective =
      ConditionOn(features.Map(points), surrogate.training.outputs, surrogate.fit.objective_theta);
  if (!objective) {
    why = "the surrogate's covariance is not positive definite";
    return std::nullopt;
  }
  std::optional<GaussianProcess> feasibility;
  if (surrogate.has_feasibility()) {
    feasibility = ConditionOn(features.Map(surrogate.training.points), surrogate.training.labels,
                              surrogate.fit.feasibility_theta);
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
                   .note = is_bold ? "asked for a large improvement: small ones are nearly exhausted" : "",
                   .incumbent = incumbent}};
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
  if (places.all.size() + static_cast<size_t>(count) > kInitialPoints)
    surrogate = trainer_.Learn(cube, features, snapshot);

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
    choice->provenance.outcomes = places.outcomes();
    if (!is_initial) {
      choice->provenance.fit_evaluations = std::exchange(surrogate->fit_evaluations, 0);
      choice->provenance.fit = surrogate->fit;
    }
    Assignment parameters = cube.Decode(choice->point);
    places.Take(cube.Encode(parameters));  // the bits that the next snapshot will show
    suggestions.push_back({std::move(parameters), std::move(choice->provenance)});
  }
  return suggestions;
} catch (const std::exception& error) {
  return absl::InternalError(absl::StrCat("the surrogate's linear algebra failed: ", error.what()));
}

bool BayesianSearcher::IsFitDue(const SearchSnapshot& snapshot) const {
  const UnitCube cube(snapshot.space);
  return IsLongFitDue(FeatureMap(cube).dimensions(), snapshot);
}

absl::StatusOr<SurrogateFit> BayesianSearcher::Fit(const SearchSnapshot& snapshot) const try {
  UseOneThread();
  const UnitCube cube(snapshot.space);
  std::optional<SurrogateFit> fit = FitSurrogate(cube, FeatureMap(cube), snapshot);
  if (!fit) return absl::FailedPreconditionError("the trials' values do not differ");
  return *std::move(fit);
} catch (const std::exception& error) {
  return absl::InternalError(absl::StrCat("the surrogate's linear algebra failed: ", error.what()));
}

std::optional<int64_t> BayesianSearcher::Recommend(const SearchSnapshot& snapshot) const try {
  UseOneThread();
  const UnitCube cube(snapshot.space);
  const FeatureMap features(cube);
  const std::optional<Surrogate> surrogate = SurrogateTrainer().Learn(cube, features, snapshot);
  if (!surrogate) return std::nullopt;
  const TrainingSet& training = surrogate->training;
  const std::optional<GaussianProcess> objective =
      ConditionOn(features.Map(training.points), training.outputs, surrogate->fit.objective_theta);
  if (!objective) return std::nullopt;
  const bool is_exact = objective->kernel().noise_variance() < kExact * objective->kernel().signal_variance();
  std::optional<int64_t> best_trial;
  double best = 0;
  for (size_t i = 0; i < training.points.size(); ++i) {
    if (training.completed_trials[i] == 0) continue;
    const double value = is_exact ? training.outputs[i] : objective->Smoothed(i);
    if (best_trial && value >= best) continue;
    best = value;
    best_trial = training.completed_trials[i];
  }
  return best_trial;
} catch (const std::exception&) {
  return std::nullopt;
}

}  // namespace pegbox
