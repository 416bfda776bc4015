#include "server/stopping/stopping_policy.h"

#include "server/stopping/median_rule.h"
#include "server/stopping/patience_rule.h"

namespace pegbox {
namespace {

struct RuleEvaluator {
  const StoppingSnapshot& snapshot;

  std::optional<StopDecision> operator()(const MedianRule& rule) const { return EvaluateMedianRule(rule, snapshot); }
  std::optional<StopDecision> operator()(const PatienceRule& rule) const {
    return EvaluatePatienceRule(rule, snapshot);
  }
};

}  // namespace

std::optional<StopDecision> Evaluate(const StoppingRule& rule, const StoppingSnapshot& snapshot) {
  return std::visit(RuleEvaluator{snapshot}, rule);
}

std::optional<StopDecision> Evaluate(const std::vector<StoppingRule>& rules, const StoppingSnapshot& snapshot) {
  for (const StoppingRule& rule : rules) {
    if (std::optional<StopDecision> decision = Evaluate(rule, snapshot)) return decision;
  }
  return std::nullopt;
}

}  // namespace pegbox
