#include "server/search/gp/training_set.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "server/search/gp/output_transform.h"

namespace pegbox {
namespace {

constexpr double kWorstImputedFailure = 3;

bool IsBetterOutcome(const Outcome& a, const Outcome& b) {
  if (a.is_failure != b.is_failure) return b.is_failure;
  return a.value != b.value ? a.value < b.value : a.trial_number < b.trial_number;
}

bool IsEarlier(const Outcome& a, const Outcome& b) { return a.trial_number < b.trial_number; }

}  // namespace

std::vector<Outcome> CollectOutcomes(const UnitCube& cube, const SearchSnapshot& snapshot) {
  std::vector<Outcome> outcomes;
  for (const Observation& observation : snapshot.observations) {
    if (observation.kind == Observation::Kind::kPending) continue;
    const bool is_failure = observation.kind == Observation::Kind::kFailed;
    const double value = snapshot.goal == Goal::kMinimize ? observation.value : -observation.value;
    outcomes.push_back({cube.Encode(observation.parameters), observation.trial_number, is_failure,
                        observation.is_imputed, is_failure ? 0 : value});
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

std::vector<Outcome> KeepBestAndRecent(std::vector<Outcome> outcomes, size_t limit, size_t best) {
  if (outcomes.size() <= limit) return outcomes;
  std::nth_element(outcomes.begin(), outcomes.begin() + best, outcomes.end(), IsBetterOutcome);
  std::sort(outcomes.begin() + best, outcomes.end(),
            [](const Outcome& a, const Outcome& b) { return IsEarlier(b, a); });
  outcomes.resize(limit);
  std::sort(outcomes.begin(), outcomes.end(), IsEarlier);
  return outcomes;
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
  for (size_t i : kept) {
    thinned.points.push_back(set.points[i]);
    thinned.outputs.push_back(set.outputs[i]);
    thinned.labels.push_back(set.labels[i]);
    thinned.completed_trials.push_back(set.completed_trials[i]);
    if (set.labels[i] < 0) ++thinned.failures;
  }
  return thinned;
}

}  // namespace pegbox
