#include "server/diagnosis/job_diagnosis.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "server/diagnosis/findings.h"
#include "server/search/unit_cube.h"

namespace pegbox {
namespace {

constexpr size_t kMinTrials = 5;
constexpr size_t kMinEffectTrials = 8;
constexpr size_t kMinBest = 3;
constexpr double kNearBound = 0.05;       // of the range
constexpr double kPressingShare = 0.6;    // of the best trials
constexpr double kWideGap = 0.1;          // of the larger of both values
constexpr double kFullLengthShare = 0.9;  // of a trial's steps: a best step beyond them is at its end

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

// A trial that can be compared, and where it stands.
struct Placed {
  const TrialCurves* curves;
  Generalization generalization;
  UnitPoint point;

  int64_t last_step() const { return curves->validation.points().back().step; }
  bool improves_to_the_end() const {
    return !curves->was_stopped && !generalization.divergence_step.has_value() &&
           static_cast<double>(generalization.best_step) >= kFullLengthShare * static_cast<double>(last_step());
  }
};

std::vector<Placed> Place(const UnitCube& cube, Goal goal, const std::vector<TrialCurves>& trials) {
  std::vector<Placed> placed;
  for (const TrialCurves& trial : trials) {
    std::optional<Generalization> generalization = CompareCurves(goal, trial.train, trial.validation);
    if (generalization.has_value()) placed.push_back({&trial, *generalization, cube.Encode(trial.parameters)});
  }
  return placed;
}

std::vector<const Placed*> BestOf(Goal goal, const std::vector<Placed>& placed) {
  std::vector<const Placed*> best;
  for (const Placed& trial : placed) {
    if (trial.curves->value.has_value()) best.push_back(&trial);
  }
  std::stable_sort(best.begin(), best.end(), [goal](const Placed* a, const Placed* b) {
    return IsBetter(goal, *a->curves->value, *b->curves->value);
  });
  best.resize(std::min(best.size(), std::max(kMinBest, (best.size() + 3) / 4)));
  return best;
}

void AddMedians(const std::vector<Placed>& placed, const std::vector<const Placed*>& best, JobDiagnosis& diagnosis) {
  std::vector<double> steps, gaps, train, validation;
  for (const Placed& trial : placed) {
    if (trial.generalization.divergence_step.has_value())
      steps.push_back(static_cast<double>(*trial.generalization.divergence_step));
  }
  diagnosis.diverged_trials = std::ssize(steps);
  if (!steps.empty()) diagnosis.median_divergence_step = std::llround(Median(std::move(steps)));
  for (const Placed* trial : best) {
    diagnosis.best_trials.push_back(trial->curves->trial_number);
    gaps.push_back(trial->generalization.gap);
    train.push_back(trial->generalization.train);
    validation.push_back(trial->generalization.validation);
  }
  if (best.empty()) return;
  diagnosis.median_gap = Median(std::move(gaps));
  diagnosis.median_train = Median(std::move(train));
  diagnosis.median_validation = Median(std::move(validation));
}

Verdict Judge(const JobDiagnosis& diagnosis, const std::vector<const Placed*>& best) {
  if (diagnosis.trials.size() < kMinTrials || best.empty()) return Verdict::kTooFewTrials;
  const double size = std::max(std::abs(diagnosis.median_train), std::abs(diagnosis.median_validation));
  const bool do_most_diverge = 2 * diagnosis.diverged_trials >= std::ssize(diagnosis.trials);
  if (do_most_diverge || diagnosis.median_gap > kWideGap * size) return Verdict::kOverfits;
  const auto unfinished =
      std::count_if(best.begin(), best.end(), [](const Placed* trial) { return trial->improves_to_the_end(); });
  return 2 * unfinished >= std::ssize(best) ? Verdict::kUnderfits : Verdict::kGeneralizes;
}

double MeanGap(const std::vector<const Placed*>& trials, size_t begin, size_t end) {
  double sum = 0;
  for (size_t i = begin; i < end; ++i) sum += trials[i]->generalization.gap;
  return sum / static_cast<double>(end - begin);
}

// `trials` by the axis' coordinate.
void AddOrderedGaps(const std::vector<const Placed*>& trials, ParameterEffect& effect) {
  const size_t third = (trials.size() + 2) / 3;
  effect.low_gap = MeanGap(trials, 0, third);
  effect.high_gap = MeanGap(trials, trials.size() - third, trials.size());
}

void AddCategoryGaps(const std::vector<const Placed*>& trials, const std::vector<int64_t>& levels,
                     ParameterEffect& effect) {
  std::map<int64_t, std::vector<const Placed*>> by_level;
  for (size_t i = 0; i < trials.size(); ++i) by_level[levels[i]].push_back(trials[i]);
  std::vector<double> gaps;
  for (const auto& [level, members] : by_level) gaps.push_back(MeanGap(members, 0, members.size()));
  effect.low_gap = *std::min_element(gaps.begin(), gaps.end());
  effect.high_gap = *std::max_element(gaps.begin(), gaps.end());
}

// Nothing: too few trials have the parameter.
std::optional<ParameterEffect> EffectOf(const UnitCube& cube, size_t axis, Goal goal,
                                        const std::vector<Placed>& placed) {
  std::vector<const Placed*> trials;
  for (const Placed& trial : placed) {
    if (trial.point[axis] != kInactive) trials.push_back(&trial);
  }
  if (trials.size() < kMinEffectTrials) return std::nullopt;
  std::stable_sort(trials.begin(), trials.end(),
                   [axis](const Placed* a, const Placed* b) { return a->point[axis] < b->point[axis]; });
  ParameterEffect effect{.parameter = cube.space().parameters()[cube.axes()[axis].parameter].name,
                         .is_ordered = cube.axes()[axis].kind != Axis::Kind::kCategorical,
                         .trials = std::ssize(trials)};
  std::vector<double> coordinates, gaps, valued_coordinates, values;
  std::vector<int64_t> levels, valued_levels;
  for (const Placed* trial : trials) {
    const double coordinate = trial->point[axis];
    const int64_t level = effect.is_ordered ? 0 : cube.Level(axis, coordinate);
    coordinates.push_back(coordinate);
    levels.push_back(level);
    gaps.push_back(trial->generalization.gap);
    if (!trial->curves->value.has_value()) continue;
    valued_coordinates.push_back(coordinate);
    valued_levels.push_back(level);
    values.push_back(goal == Goal::kMinimize ? *trial->curves->value : -*trial->curves->value);
  }
  if (effect.is_ordered) {
    effect.with_gap = RankCorrelation(coordinates, gaps);
    effect.with_value = RankCorrelation(valued_coordinates, values);
    AddOrderedGaps(trials, effect);
  } else {
    effect.with_gap = RankCorrelationRatio(levels, gaps);
    effect.with_value = RankCorrelationRatio(valued_levels, values);
    AddCategoryGaps(trials, levels, effect);
  }
  return effect;
}

std::optional<std::pair<double, double>> Bounds(const ParameterDomain& domain) {
  if (const auto* real = std::get_if<DoubleDomain>(&domain)) return std::pair{real->min, real->max};
  if (const auto* integer = std::get_if<IntegerDomain>(&domain))
    return std::pair{static_cast<double>(integer->min), static_cast<double>(integer->max)};
  if (const auto* discrete = std::get_if<DiscreteDomain>(&domain))
    return std::pair{discrete->values.front(), discrete->values.back()};
  return std::nullopt;
}

void AddPressures(const UnitCube& cube, size_t axis, const std::vector<const Placed*>& best,
                  std::vector<BoundPressure>& pressures) {
  const Parameter& parameter = cube.space().parameters()[cube.axes()[axis].parameter];
  const auto bounds = Bounds(parameter.domain);
  if (!bounds.has_value()) return;
  // Of few levels the outermost one counts as near.
  const int64_t levels = cube.axes()[axis].levels;
  const double near = levels > 0 ? std::max(kNearBound, 0.5 / static_cast<double>(levels) + 1e-9) : kNearBound;
  int64_t active = 0, low = 0, high = 0;
  for (const Placed* trial : best) {
    const double coordinate = trial->point[axis];
    if (coordinate == kInactive) continue;
    ++active;
    if (coordinate <= near) ++low;
    if (coordinate >= 1 - near) ++high;
  }
  const auto presses = [&](int64_t count) {
    return active >= static_cast<int64_t>(kMinBest) &&
           static_cast<double>(count) >= kPressingShare * static_cast<double>(active);
  };
  if (presses(low)) pressures.push_back({parameter.name, false, bounds->first, low, active});
  if (presses(high)) pressures.push_back({parameter.name, true, bounds->second, high, active});
}

}  // namespace

JobDiagnosis DiagnoseJob(const SearchSpace& space, const Objective& objective, const MetricPair& pair,
                         const std::vector<TrialCurves>& trials) {
  const UnitCube cube(space);
  const std::vector<Placed> placed = Place(cube, pair.goal, trials);
  const std::vector<const Placed*> best = BestOf(objective.goal, placed);
  JobDiagnosis diagnosis{.pair = pair};
  for (const Placed& trial : placed) {
    diagnosis.trials.push_back(
        {trial.curves->trial_number, trial.curves->value, trial.generalization, trial.last_step()});
  }
  AddMedians(placed, best, diagnosis);
  diagnosis.verdict = Judge(diagnosis, best);
  for (size_t axis = 0; axis < cube.axes().size(); ++axis) {
    std::optional<ParameterEffect> effect = EffectOf(cube, axis, objective.goal, placed);
    if (effect.has_value()) diagnosis.effects.push_back(*std::move(effect));
    AddPressures(cube, axis, best, diagnosis.pressures);
  }
  std::stable_sort(diagnosis.effects.begin(), diagnosis.effects.end(),
                   [](const ParameterEffect& a, const ParameterEffect& b) {
                     return std::abs(a.with_gap.strength) > std::abs(b.with_gap.strength);
                   });
  diagnosis.findings = DescribeFindings(diagnosis);
  return diagnosis;
}

}  // namespace pegbox
