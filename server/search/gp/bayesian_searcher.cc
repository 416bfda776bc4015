#include "server/search/gp/bayesian_searcher.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/search/gp/acquisition.h"
#include "server/search/gp/acquisition_optimizer.h"
#include "server/search/gp/features.h"
#include "server/search/gp/linear_algebra.h"
#include "server/search/gp/local_model.h"
#include "server/search/gp/places.h"
#include "server/search/sobol_sequence.h"

namespace pegbox {
namespace {

constexpr size_t kInitialPoints = 5;
// Refining one combination of categories promises a little more for ever, so that another one is never tried. So, once
// the expected improvement is below 1 % of the outputs' standard deviation, each third suggestion asks for an
// improvement of 10 % at least. Spaces without categories are better off without it (measured on the tuning problems).
const double kExhausted = std::log(0.01);
constexpr double kBoldImprovement = 0.1;
constexpr uint64_t kBoldPeriod = 3;
// With more pending trials than this, UCB is better: -1.16 against -1.09 of LogEI and -1.13 in turns (ten workers, 50
// trials, search_bench).
constexpr size_t kManyPending = 8;
constexpr double kExact = 1e-3;  // sigma^2 / s^2 below which the best value observed is no luck
constexpr int kFallbackTries = 64;
constexpr double kFallbackSpread = 0.05;

struct Choice {
  UnitPoint point;
  Provenance provenance;
};

// The start point; when it is taken, the trial's own point of a scrambled Sobol sequence. Nothing: the space is
// exhausted.
std::optional<UnitPoint> InitialPoint(const Places& places, uint64_t seed, uint64_t number) {
  const UnitCube& cube = places.cube();
  RandomStream random(seed, number, RandomPurpose::kInitialDesign);
  int proposals = 0;
  return places.taken().FindFree([&] {
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
    places.cube().Snap(point);
    if (!places.HasNeighbour(point)) return point;
  }
  return places.taken().FindFree([&] { return RandomPoint(places.cube(), random); });
}

// LogEI or, when many trials are pending, UCB. Nothing: no candidate is free; `why` says so.
std::optional<Choice> MaximizeAcquisition(const Model& model, const FeatureMap& features, const Places& places,
                                          uint64_t seed, uint64_t number, std::string& why) {
  const PosteriorBatch pending = model.objective().Predict(features.Map(places.pending()));
  const double incumbent = ChooseIncumbent(model.objective(), model.training().outputs, pending.mean());
  const bool is_ucb = places.pending().size() > kManyPending;
  const AcquisitionKind kind = is_ucb ? AcquisitionKind::kUcb : AcquisitionKind::kLogEi;
  const std::vector<UnitPoint> best_observed = model.BestObserved();
  const auto maximize = [&](double below) {
    const Acquisition acquisition(features, model.objective(), model.feasibility(), incumbent - below, model.caution(),
                                  kind);
    return AcquisitionOptimizer(places.cube(), acquisition, seed, number, model.box() ? &*model.box() : nullptr)
        .Maximize(best_observed);
  };
  std::vector<ScoredPoint> candidates = maximize(0);
  const bool is_bold =
      !is_ucb && features.categorical() > 0 && number % kBoldPeriod == 0 && candidates[0].value < kExhausted;
  if (is_bold) candidates = maximize(kBoldImprovement);
  for (ScoredPoint& candidate : candidates) {
    if (!std::isfinite(candidate.value) || places.HasNeighbour(candidate.point)) continue;
    return Choice{std::move(candidate.point),
                  {.source = is_ucb ? "ucb" : "log_ei",
                   .acquisition_value = candidate.value,
                   .note = is_bold ? "asked for a large improvement: small ones are nearly exhausted" : "",
                   .incumbent = incumbent}};
  }
  why = "every candidate lies at a trial";
  return std::nullopt;
}

// Of an outcome that was measured, if there is one: the best.
const UnitPoint& BestPoint(const std::vector<Outcome>& outcomes) {
  return std::min_element(outcomes.begin(), outcomes.end(), IsBetterOutcome)->point;
}

}  // namespace

std::optional<Suggestion> BayesianSearcher::SuggestOne(const SearchSnapshot& snapshot, const FeatureMap& features,
                                                       const std::vector<Outcome>& outcomes, const CurrentFit* current,
                                                       uint64_t number, Places& places) {
  if (places.taken().IsExhausted()) return std::nullopt;
  const bool is_initial = current == nullptr || places.all().size() < kInitialPoints;
  std::optional<Choice> choice;
  if (is_initial) {
    const std::optional<UnitPoint> point = InitialPoint(places, snapshot.seed, number);
    if (!point) return std::nullopt;
    choice = Choice{*point, {.source = "initial"}};
  } else {
    std::string why = "the surrogate's covariance is not positive definite";
    if (model_.Condition(places.cube(), features, outcomes, current->fit, places.pending(), snapshot.seed, number)) {
      choice = MaximizeAcquisition(model_, features, places, snapshot.seed, number, why);
    }
    if (!choice) {
      const auto point = FallbackPoint(places, BestPoint(outcomes), snapshot.seed, number);
      if (!point) return std::nullopt;
      choice = Choice{*point, {.source = "fallback", .note = why}};
    }
    choice->provenance.fit = current->fit;
  }
  choice->provenance.outcomes = std::ssize(outcomes);
  Assignment parameters = places.cube().Decode(choice->point);
  places.Take(places.cube().Encode(parameters));  // the bits that the next snapshot will show
  return Suggestion{std::move(parameters), std::move(choice->provenance)};
}

absl::StatusOr<std::vector<Suggestion>> BayesianSearcher::Suggest(const SearchSnapshot& snapshot, int count) try {
  UseOneThread();
  const UnitCube cube(snapshot.space);
  const FeatureMap features(cube);
  Places places(cube, snapshot.observations);
  const std::vector<Outcome> outcomes = CollectOutcomes(places.all(), snapshot);
  std::optional<CurrentFit> current;
  if (places.all().size() + static_cast<size_t>(count) > kInitialPoints) {
    current = trainer_.Learn(features, outcomes, snapshot.last_fit);
  }
  std::vector<Suggestion> suggestions;
  for (int i = 0; i < count; ++i) {
    std::optional<Suggestion> suggestion = SuggestOne(snapshot, features, outcomes, current ? &*current : nullptr,
                                                      static_cast<uint64_t>(snapshot.next_trial_number + i), places);
    if (!suggestion) break;
    if (suggestion->provenance.fit) {
      suggestion->provenance.fit_evaluations = std::exchange(current->evaluations, 0);
    }
    suggestions.push_back(*std::move(suggestion));
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
  const Places places(cube, snapshot.observations);
  std::optional<SurrogateFit> fit =
      FitSurrogate(FeatureMap(cube), CollectOutcomes(places.all(), snapshot), snapshot.last_fit);
  if (!fit) return absl::FailedPreconditionError("the trials' values do not differ");
  return *std::move(fit);
} catch (const std::exception& error) {
  return absl::InternalError(absl::StrCat("the surrogate's linear algebra failed: ", error.what()));
}

std::optional<int64_t> BayesianSearcher::Recommend(const SearchSnapshot& snapshot) const try {
  UseOneThread();
  const UnitCube cube(snapshot.space);
  const FeatureMap features(cube);
  const Places places(cube, snapshot.observations);
  const std::vector<Outcome> outcomes = CollectOutcomes(places.all(), snapshot);
  const std::optional<CurrentFit> current = SurrogateTrainer().Learn(features, outcomes, snapshot.last_fit);
  Model model;
  if (!current || !model.Condition(cube, features, outcomes, current->fit, {}, snapshot.seed, /*number=*/1)) {
    return std::nullopt;
  }
  const Kernel& kernel = model.objective().kernel();
  const bool is_exact = kernel.noise_variance() < kExact * kernel.signal_variance();
  const TrainingSet& training = model.training();
  std::optional<int64_t> best_trial;
  double best = 0;
  for (size_t i = 0; i < training.points.size(); ++i) {
    if (training.completed_trials[i] == 0) continue;
    const double value = is_exact ? training.outputs[i] : model.objective().Smoothed(i);
    if (best_trial && value >= best) continue;
    best = value;
    best_trial = training.completed_trials[i];
  }
  return best_trial;
} catch (const std::exception&) {
  return std::nullopt;
}

}  // namespace pegbox
