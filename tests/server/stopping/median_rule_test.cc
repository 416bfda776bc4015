// Expected numbers are computed by hand from the definition: stop when min over s' <= s of y(s') is worse than the
// median over the completed trials of (1 / |s' <= s|) * sum over s' <= s of y_k(s').
#include "server/stopping/median_rule.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace pegbox {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const Objective kLoss{.metric = "validation:loss", .goal = Goal::kMinimize};
const Objective kAccuracy{.metric = "accuracy", .goal = Goal::kMaximize};

MetricCurve Curve(const std::vector<double>& values_from_step_1) {
  MetricCurve curve;
  int64_t step = 0;
  for (const double value : values_from_step_1) curve.Add({++step, value});
  return curve;
}

std::optional<StopDecision> Evaluate(const MedianRule& rule, const Objective& objective, const MetricCurve& curve,
                                     const std::vector<MetricCurve>& completed) {
  std::vector<const MetricCurve*> pointers;
  for (const MetricCurve& each : completed) pointers.push_back(&each);
  return EvaluateMedianRule(rule, {.objective = objective, .curve = curve, .completed = pointers});
}

constexpr MedianRule kThree{.min_completed_trials = 3};

// Running averages at step 2: 0.4, 0.5, 0.6; median 0.5.
const std::vector<MetricCurve> kCompleted = {Curve({0.5, 0.3, 0.1}), Curve({0.6, 0.4, 0.1}), Curve({0.8, 0.4, 0.1})};

TEST(MedianRuleTest, TrialBehindTheMedianIsStopped) {
  const auto decision = Evaluate(kThree, kLoss, Curve({0.9, 0.625}), kCompleted);
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->rule, "median");
  EXPECT_EQ(decision->outcome, StopDecision::Outcome::kEarlyStopped);
  EXPECT_EQ(decision->step, 2);
  EXPECT_EQ(decision->value, 0.625);
  EXPECT_DOUBLE_EQ(decision->threshold, 0.5);
  EXPECT_EQ(decision->compared_trials, 3);
  EXPECT_EQ(decision->explanation,
            "best validation:loss 0.625 by step 2 is worse than 0.5, the median of 3 completed trials' running "
            "averages");
}

TEST(MedianRuleTest, TrialAheadOfTheMedianGoesOn) {
  EXPECT_EQ(Evaluate(kThree, kLoss, Curve({0.9, 0.4}), kCompleted), std::nullopt);
}

TEST(MedianRuleTest, TrialAtTheMedianGoesOn) {
  // Exact in binary: averages 0.25, 0.5, 0.75.
  const std::vector<MetricCurve> completed = {Curve({0.25}), Curve({0.5}), Curve({0.75})};
  EXPECT_EQ(Evaluate(kThree, kLoss, Curve({0.5}), completed), std::nullopt);
  EXPECT_TRUE(Evaluate(kThree, kLoss, Curve({0.5 + 0x1p-50}), completed).has_value());
}

TEST(MedianRuleTest, BestSoFarCountsNotTheLastReport) {
  EXPECT_EQ(Evaluate(kThree, kLoss, Curve({0.4, 5.0}), kCompleted), std::nullopt);
}

TEST(MedianRuleTest, LaterStepsOfCompletedTrialsDoNotCount) {
  // At step 1 the averages are 0.5, 0.6, 0.8; median 0.6, although all came down to 0.1.
  EXPECT_EQ(Evaluate(kThree, kLoss, Curve({0.55}), kCompleted), std::nullopt);
}

TEST(MedianRuleTest, AverageIsOverTheStepsReportedNotOverAllSteps) {
  // Completed trials that reported at steps 2 and 4 only: averages up to step 4 are 3, 4, 5.
  const std::vector<MetricCurve> completed = {MetricCurve({{2, 4}, {4, 2}}), MetricCurve({{2, 5}, {4, 3}}),
                                              MetricCurve({{2, 6}, {4, 4}})};
  const auto decision = Evaluate(kThree, kLoss, MetricCurve({{4, 4.5}}), completed);
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->threshold, 4);
}

TEST(MedianRuleTest, MaximizeTurnsTheComparisonRound) {
  // Running averages at step 2: 0.5, 0.625, 0.75; median 0.625.
  const std::vector<MetricCurve> completed = {Curve({0.25, 0.75}), Curve({0.5, 0.75}), Curve({0.5, 1.0})};
  const auto decision = Evaluate(kThree, kAccuracy, Curve({0.5, 0.25}), completed);
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->value, 0.5);
  EXPECT_EQ(decision->threshold, 0.625);
  EXPECT_EQ(Evaluate(kThree, kAccuracy, Curve({0.7, 0.25}), completed), std::nullopt);
}

TEST(MedianRuleTest, MedianOfAnEvenNumberIsTheMeanOfTheMiddleTwo) {
  // Averages 1, 2, 4, 9: median 3.
  const std::vector<MetricCurve> completed = {Curve({9}), Curve({2}), Curve({1}), Curve({4})};
  const auto decision = Evaluate(kThree, kLoss, Curve({3.5}), completed);
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->threshold, 3);
  EXPECT_EQ(decision->compared_trials, 4);
  EXPECT_EQ(Evaluate(kThree, kLoss, Curve({2.5}), completed), std::nullopt);
}

TEST(MedianRuleTest, MedianOfTwo) {
  const auto decision = Evaluate({.min_completed_trials = 2}, kLoss, Curve({9}), {Curve({6}), Curve({2})});
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->threshold, 4);
}

TEST(MedianRuleTest, OneTrialIsItsOwnMedian) {
  const auto decision = Evaluate({.min_completed_trials = 1}, kLoss, Curve({9}), {Curve({6})});
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->threshold, 6);
  EXPECT_EQ(decision->explanation,
            "best validation:loss 9 by step 1 is worse than 6, the median of 1 completed trial's running averages");
}

TEST(MedianRuleTest, NothingIsDecidedBeforeEnoughTrialsHaveCompleted) {
  EXPECT_EQ(Evaluate({.min_completed_trials = 4}, kLoss, Curve({9, 9}), kCompleted), std::nullopt);
  EXPECT_EQ(Evaluate({.min_completed_trials = 1}, kLoss, Curve({9, 9}), {}), std::nullopt);
}

TEST(MedianRuleTest, NothingIsDecidedBeforeEnoughReports) {
  const MedianRule rule{.min_completed_trials = 3, .min_steps = 3};
  EXPECT_EQ(Evaluate(rule, kLoss, Curve({9, 9}), kCompleted), std::nullopt);
  EXPECT_TRUE(Evaluate(rule, kLoss, Curve({9, 9, 9}), kCompleted).has_value());
}

TEST(MedianRuleTest, GraceCountsReportsNotSteps) {
  const MedianRule rule{.min_completed_trials = 3, .min_steps = 2};
  EXPECT_EQ(Evaluate(rule, kLoss, MetricCurve({{100, 9.0}}), kCompleted), std::nullopt);
}

TEST(MedianRuleTest, CompletedTrialsWithoutAReportByTheStepAreLeftOut) {
  std::vector<MetricCurve> completed = kCompleted;
  completed.push_back(MetricCurve({{3, 100.0}}));
  completed.push_back(MetricCurve({{1, kNan}, {3, 100.0}}));
  completed.push_back(MetricCurve());
  const auto decision = Evaluate(kThree, kLoss, Curve({0.9, 0.625}), completed);
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->compared_trials, 3);
  EXPECT_DOUBLE_EQ(decision->threshold, 0.5);
  EXPECT_EQ(Evaluate({.min_completed_trials = 4}, kLoss, Curve({0.9, 0.625}), completed), std::nullopt);
}

TEST(MedianRuleTest, NanOfCompletedTrialsIsLeftOutOfTheirAverages) {
  // Averages of the finite values: 1, 2, 3.
  const std::vector<MetricCurve> completed = {Curve({1, kNan}), Curve({kInfinity, 2}), Curve({3, 3})};
  const auto decision = Evaluate(kThree, kLoss, Curve({2.5, 2.5}), completed);
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->threshold, 2);
}

TEST(MedianRuleTest, NanOfTheTrialIsPassedOver) {
  EXPECT_EQ(Evaluate(kThree, kLoss, Curve({0.4, kNan}), kCompleted), std::nullopt);
  const auto decision = Evaluate(kThree, kLoss, Curve({0.75, kNan}), kCompleted);
  ASSERT_TRUE(decision.has_value());
  EXPECT_EQ(decision->step, 2);
  EXPECT_EQ(decision->value, 0.75);
}

TEST(MedianRuleTest, TrialWithoutAFiniteValueIsLeftToOthers) {
  EXPECT_EQ(Evaluate(kThree, kLoss, Curve({kNan, kInfinity, -kInfinity}), kCompleted), std::nullopt);
}

TEST(MedianRuleTest, SameSnapshotGivesTheSameDecision) {
  const MetricCurve curve = Curve({0.9, 0.625});
  EXPECT_EQ(Evaluate(kThree, kLoss, curve, kCompleted), Evaluate(kThree, kLoss, curve, kCompleted));
}

}  // namespace
}  // namespace pegbox
