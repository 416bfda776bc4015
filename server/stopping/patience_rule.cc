#include "server/stopping/patience_rule.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace pegbox {
namespace {

// How long ago a curve last improved.
struct Standstill {
  std::optional<MetricPoint> improvement;  // the last; nothing before the first finite report
  std::optional<double> best_since;        // the best finite value after it
  int64_t reports_since = 0;
};

bool IsImprovement(Goal goal, double min_delta, const MetricPoint& point, const std::optional<MetricPoint>& last) {
  if (!std::isfinite(point.value)) return false;
  if (!last.has_value()) return true;
  const double gain = goal == Goal::kMinimize ? last->value - point.value : point.value - last->value;
  return gain > min_delta;
}

Standstill FindStandstill(const MetricCurve& curve, Goal goal, double min_delta) {
  Standstill standstill;
  for (const MetricPoint& point : curve.points()) {
    if (IsImprovement(goal, min_delta, point, standstill.improvement)) {
      standstill = {.improvement = point};
      continue;
    }
    ++standstill.reports_since;
    if (!std::isfinite(point.value)) continue;
    if (!standstill.best_since.has_value() || IsBetter(goal, point.value, *standstill.best_since)) {
      standstill.best_since = point.value;
    }
  }
  return standstill;
}

std::string Explain(const PatienceRule& rule, const Objective& objective, const Standstill& standstill) {
  if (!standstill.improvement.has_value()) {
    return absl::StrCat(objective.metric, " was NaN or infinite in all of its ", standstill.reports_since, " reports");
  }
  const std::string margin = rule.min_delta > 0 ? absl::StrCat(" by more than ", rule.min_delta) : "";
  return absl::StrCat(objective.metric, " has not become better than ", standstill.improvement->value,
                      ", its value at step ", standstill.improvement->step, ",", margin, " for ",
                      standstill.reports_since, standstill.reports_since == 1 ? " report" : " reports in a row");
}

}  // namespace

std::optional<StopDecision> EvaluatePatienceRule(const PatienceRule& rule, const StoppingSnapshot& snapshot) {
  const MetricCurve& curve = snapshot.curve;
  if (curve.empty() || static_cast<int64_t>(curve.points().size()) < rule.min_steps) return std::nullopt;
  const Goal goal = snapshot.objective.goal;
  const Standstill standstill = FindStandstill(curve, goal, rule.min_delta);
  if (standstill.reports_since < rule.patience) return std::nullopt;

  StopDecision decision{.rule = "patience",
                        .outcome = StopDecision::Outcome::kCompleted,
                        .step = curve.points().back().step,
                        .explanation = Explain(rule, snapshot.objective, standstill)};
  if (standstill.improvement.has_value()) {
    const double reached = standstill.improvement->value;
    decision.value = standstill.best_since.value_or(reached);
    decision.threshold = goal == Goal::kMinimize ? reached - rule.min_delta : reached + rule.min_delta;
  }
  return decision;
}

}  // namespace pegbox
