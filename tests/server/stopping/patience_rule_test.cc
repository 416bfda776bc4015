#include "server/stopping/patience_rule.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace pegbox {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

const Objective kLoss{.metric = "validation:loss", .goal = Goal::kMinimize};
const Objective kAccuracy{.metric = "accuracy", .goal = Goal::kMaximize};

std::optional<StopDecision> Evaluate(const PatienceRule& rule, const Objective& objective,
                                     const std::vector<double>& values_from_step_1) {
  MetricCurve curve;
  int64_t step = 0;
  for (const double value : values_from_step_1) curve.Add({++step, value});
  const std::vector<const MetricCurve*> none;
  return EvaluatePatienceRule(rule, {.objective = objective, .curve = curve, .completed = none});
}

TEST(PatienceRuleTest, TrialThatStandsStillIsStoppedAndComplete) {
  const auto decision = Evaluate({.patience = 3}, kLoss, {0.8, 0.5, 0.6, 0.5, 0.7});
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->rule, "patience");
  EXPECT_EQ(decision->outcome, StopDecision::Outcome::kCompleted);
  EXPECT_EQ(decision->step, 5);
  EXPECT_EQ(decision->value, 0.5);      // the best of 0.6, 0.5, 0.7
  EXPECT_EQ(decision->threshold, 0.5);  // reached at step 2
  EXPECT_EQ(decision->compared_trials, 0);
  EXPECT_EQ(decision->explanation,
            "validation:loss has not become better than 0.5, its value at step 2, for 3 reports in a row");
}

TEST(PatienceRuleTest, TrialThatStillHasPatienceGoesOn) {
  EXPECT_EQ(Evaluate({.patience = 3}, kLoss, {0.8, 0.5, 0.6, 0.6}), std::nullopt);
}

TEST(PatienceRuleTest, ImprovementStartsTheCountAnew) {
  EXPECT_EQ(Evaluate({.patience = 2}, kLoss, {0.5, 0.6, 0.4, 0.5}), std::nullopt);
  EXPECT_TRUE(Evaluate({.patience = 2}, kLoss, {0.5, 0.6, 0.4, 0.5, 0.5}).has_value());
}

TEST(PatienceRuleTest, FirstReportIsAnImprovement) {
  EXPECT_EQ(Evaluate({.patience = 1}, kLoss, {0.5}), std::nullopt);
  EXPECT_TRUE(Evaluate({.patience = 1}, kLoss, {0.5, 0.5}).has_value());
}

TEST(PatienceRuleTest, MaximizeTurnsTheComparisonRound) {
  EXPECT_EQ(Evaluate({.patience = 2}, kAccuracy, {0.5, 0.6, 0.7}), std::nullopt);
  const auto decision = Evaluate({.patience = 2, .min_delta = 0.25}, kAccuracy, {0.5, 0.25, 0.75});
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->value, 0.75);
  EXPECT_EQ(decision->threshold, 0.75);
}

TEST(PatienceRuleTest, GainOfMinDeltaIsNotEnough) {
  const PatienceRule rule{.patience = 1, .min_delta = 0.25};
  const auto decision = Evaluate(rule, kLoss, {1.0, 0.75});
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->value, 0.75);
  EXPECT_EQ(decision->threshold, 0.75);
  EXPECT_EQ(decision->explanation,
            "validation:loss has not become better than 1, its value at step 1, by more than 0.25 for 1 report");
  EXPECT_EQ(Evaluate(rule, kLoss, {1.0, 0.7}), std::nullopt);
}

TEST(PatienceRuleTest, SmallGainsAddUpToAnImprovement) {
  // Each step gains 0.125; the third is 0.375 better than the last improvement.
  EXPECT_EQ(Evaluate({.patience = 3, .min_delta = 0.25}, kLoss, {1.0, 0.875, 0.75, 0.625}), std::nullopt);
}

TEST(PatienceRuleTest, NothingIsDecidedBeforeEnoughReports) {
  const PatienceRule rule{.patience = 1, .min_steps = 4};
  EXPECT_EQ(Evaluate(rule, kLoss, {0.5, 0.6, 0.6}), std::nullopt);
  EXPECT_TRUE(Evaluate(rule, kLoss, {0.5, 0.6, 0.6, 0.6}).has_value());
}

TEST(PatienceRuleTest, StandstillDuringTheGraceCountsAfterIt) {
  EXPECT_EQ(Evaluate({.patience = 3, .min_steps = 4}, kLoss, {0.5, 0.6, 0.6, 0.6})->step, 4);
}

TEST(PatienceRuleTest, ReportsCountNotSteps) {
  const MetricCurve curve({{10, 0.5}, {20, 0.6}});
  const std::vector<const MetricCurve*> none;
  EXPECT_EQ(EvaluatePatienceRule({.patience = 2}, {.objective = kLoss, .curve = curve, .completed = none}),
            std::nullopt);
}

TEST(PatienceRuleTest, NanIsAReportWithoutImprovement) {
  const auto decision = Evaluate({.patience = 2}, kLoss, {0.5, kNan, kNan});
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->value, 0.5);
  EXPECT_EQ(decision->threshold, 0.5);
}

TEST(PatienceRuleTest, FiniteValueAfterNanIsAnImprovement) {
  EXPECT_EQ(Evaluate({.patience = 2}, kLoss, {kNan, 0.5}), std::nullopt);
}

TEST(PatienceRuleTest, TrialThatWasNeverFiniteIsStoppedWithFiniteNumbers) {
  const auto decision = Evaluate({.patience = 2}, kLoss, {kNan, std::numeric_limits<double>::infinity()});
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->value, 0);
  EXPECT_EQ(decision->threshold, 0);
  EXPECT_EQ(decision->explanation, "validation:loss was NaN or infinite in all of its 2 reports");
}

}  // namespace
}  // namespace pegbox
