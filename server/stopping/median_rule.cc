#include "server/stopping/median_rule.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace pegbox {
namespace {

// Of a non-empty list; of an even number of values, the mean of the middle two.
double Median(std::vector<double> values) {
  const auto middle = values.begin() + values.size() / 2;
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return std::midpoint(*std::max_element(values.begin(), middle), *middle);
}

}  // namespace

std::optional<StopDecision> EvaluateMedianRule(const MedianRule& rule, const StoppingSnapshot& snapshot) {
  const MetricCurve& curve = snapshot.curve;
  if (curve.empty() || static_cast<int64_t>(curve.points().size()) < rule.min_steps) return std::nullopt;
  const int64_t step = curve.points().back().step;
  const Goal goal = snapshot.objective.goal;
  const std::optional<MetricPoint> best = curve.Best(goal, step);
  if (!best.has_value()) return std::nullopt;

  std::vector<double> averages;
  for (const MetricCurve* completed : snapshot.completed) {
    if (const std::optional<double> average = completed->RunningAverage(step)) averages.push_back(*average);
  }
  const int64_t compared = averages.size();
  if (compared == 0 || compared < rule.min_completed_trials) return std::nullopt;
  const double median = Median(std::move(averages));
  if (!IsBetter(goal, median, best->value)) return std::nullopt;

  return StopDecision{
      .rule = "median",
      .outcome = StopDecision::Outcome::kEarlyStopped,
      .step = step,
      .value = best->value,
      .threshold = median,
      .compared_trials = compared,
      .explanation = absl::StrCat("best ", snapshot.objective.metric, " ", best->value, " by step ", step,
                                  " is worse than ", median, ", the median of ", compared, " completed ",
                                  compared == 1 ? "trial's" : "trials'", " running averages")};
}

}  // namespace pegbox
