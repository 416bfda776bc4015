#include "server/search/gp/training_set.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "server/search/gp/output_transform.h"

namespace pegbox {
namespace {

constexpr double kWorstImputedFailure = 3;

constexpr double kNearlyEqual = 1e-6;

bool AreNear(const UnitPoint& a, const UnitPoint& b) {
  return std::equal(a.begin(), a.end(), b.begin(), [](double u, double v) { return std::abs(u - v) < kNearlyEqual; });
}

void Append(const TrainingSet& set, size_t i, TrainingSet& to) {
  to.points.push_back(set.points[i]);
  to.outputs.push_back(set.outputs[i]);
  to.labels.push_back(set.labels[i]);
  to.completed_trials.push_back(set.completed_trials[i]);
  if (set.labels[i] < 0) ++to.failures;
}

bool IsEarlier(const Outcome& a, const Outcome& b) { return a.trial_number < b.trial_number; }

}  // namespace

bool IsBetterOutcome(const Outcome& a, const Outcome& b) {
  if (a.is_failure != b.is_failure) return b.is_failure;
  return a.value != b.value ? a.value < b.value : a.trial_number < b.trial_number;
}

std::vector<Outcome> CollectOutcomes(std::span<const UnitPoint> points, const SearchSnapshot& snapshot) {
  std::vector<Outcome> outcomes;
  for (size_t i = 0; i < snapshot.observations.size(); ++i) {
    const Observation& observation = snapshot.observations[i];
    if (observation.kind == Observation::Kind::kPending) continue;
    const bool is_failure = observation.kind == Observation::Kind::kFailed;
    const double value = snapshot.goal == Goal::kMinimize ? observation.value : -observation.value;
    outcomes.push_back(
        {points[i], observation.trial_number, is_failure, observation.is_imputed, is_failure ? 0 : value});
  }
  std::stable_sort(outcomes.begin(), outcomes.end(), IsEarlier);
  return outcomes;
}

std::optional<TrainingSet> MakeTrainingSet(std::span<const Outcome> outcomes) {
  std::vector<double> values;
  for (const Outcome& outcome : outcomes) {
    if (!outcome.is_failure) values.push_back(outcome.value);
  }
  const std::optional<std::vector<double>> outputs = TransformOutputs(values);
  if (!outputs) return std::nullopt;

  const auto [least, most] = std::minmax_element(outputs->begin(), outputs->end());
  const double imputed = std::max(*most, std::min(*most + 0.5 * (*most - *least), kWorstImputedFailure));
  TrainingSet set;
  auto next = outputs->begin();
  for (const Outcome& outcome : outcomes) {
    set.points.push_back(outcome.point);
    set.outputs.push_back(outcome.is_failure ? imputed : *next++);
    set.labels.push_back(outcome.is_failure ? -1 : 1);
    set.completed_trials.push_back(outcome.is_failure || outcome.is_imputed ? 0 : outcome.trial_number);
    if (outcome.is_failure) ++set.failures;
  }
  return set;
}

TrainingSet Measured(const TrainingSet& set) {
  TrainingSet measured;
  for (size_t i = 0; i < set.points.size(); ++i) {
    if (set.labels[i] > 0) Append(set, i, measured);
  }
  return measured;
}

TrainingSet MergeNearDuplicates(const TrainingSet& set) {
  TrainingSet merged;
  std::vector<double> counts;
  for (size_t i = 0; i < set.points.size(); ++i) {
    size_t k = 0;
    while (k < counts.size() && !(merged.labels[k] == set.labels[i] && AreNear(merged.points[k], set.points[i]))) ++k;
    if (k < counts.size()) {
      merged.outputs[k] += (set.outputs[i] - merged.outputs[k]) / ++counts[k];
      continue;
    }
    Append(set, i, merged);
    counts.push_back(1);
  }
  return merged;
}

TrainingSet Thin(const TrainingSet& set, size_t limit) {
  const size_t size = set.points.size();
  if (size <= limit) return set;
  std::vector<size_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return set.outputs[a] < set.outputs[b]; });
  const size_t best = limit / 3;
  std::sort(order.begin() + best, order.end());
  std::vector<size_t> kept(order.begin(), order.begin() + best);
  for (size_t i = 0; i < limit - best; ++i) kept.push_back(order[best + i * (size - best) / (limit - best)]);
  std::sort(kept.begin(), kept.end());

  TrainingSet thinned;
  for (size_t i : kept) Append(set, i, thinned);
  return thinned;
}

}  // namespace pegbox
