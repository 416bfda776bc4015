#include "server/search/imputation.h"

#include "gtest/gtest.h"

namespace pegbox {
namespace {

const Objective kLoss{.metric = "loss", .goal = Goal::kMinimize, .scope = ObjectiveScope::kLast};
const Objective kBestLoss{.metric = "loss", .goal = Goal::kMinimize, .scope = ObjectiveScope::kBest};

TEST(ImputationTest, AddsTheMedianGainOfTheCompleted) {
  const MetricCurve stopped({{1, 5.0}, {2, 4.0}});
  const MetricCurve a({{1, 3.0}, {2, 2.0}, {4, 1.0}});  // gains -1 after step 2
  const MetricCurve b({{1, 3.0}, {2, 2.5}, {4, 0.5}});  // -2
  const MetricCurve c({{1, 9.0}, {2, 9.0}, {4, 0.0}});  // -9
  EXPECT_DOUBLE_EQ(*ImputeFinalValue(kLoss, stopped, {&a, &b, &c}), 4.0 - 2.0);
  EXPECT_DOUBLE_EQ(*ImputeFinalValue(kLoss, stopped, {&a, &b}), 4.0 - 1.5);
}

TEST(ImputationTest, InterpolatesBetweenReports) {
  const MetricCurve stopped({{2, 4.0}});
  const MetricCurve sparse({{1, 3.0}, {3, 1.0}, {5, 0.5}});  // 2.0 at step 2
  EXPECT_DOUBLE_EQ(*ImputeFinalValue(kLoss, stopped, {&sparse}), 4.0 - 1.5);
  EXPECT_DOUBLE_EQ(*ImputeFinalValue(kBestLoss, stopped, {&sparse}), 4.0 - 1.5);
}

TEST(ImputationTest, WithScopeBestComparesBestsSoFar) {
  const MetricCurve stopped({{1, 2.0}, {2, 6.0}});                      // best so far 2
  const MetricCurve overfit({{1, 1.0}, {2, 3.0}, {3, 0.8}, {4, 7.0}});  // best 1.0 by step 2, 0.8 in the end
  EXPECT_DOUBLE_EQ(*ImputeFinalValue(kBestLoss, stopped, {&overfit}), 2.0 - 0.2);
  const MetricCurve ended_early({{1, 1.0}});
  EXPECT_DOUBLE_EQ(*ImputeFinalValue(kBestLoss, stopped, {&ended_early}), 2.0) << "it had reached its best";
}

TEST(ImputationTest, NeverExtrapolates) {
  const MetricCurve stopped({{2, 6.0}});
  const MetricCurve begins_later({{3, 3.0}, {4, 1.0}});
  const MetricCurve ended_early({{1, 3.0}});
  EXPECT_DOUBLE_EQ(*ImputeFinalValue(kLoss, stopped, {&begins_later, &ended_early}), 6.0);
  EXPECT_DOUBLE_EQ(*ImputeFinalValue(kBestLoss, stopped, {&begins_later}), 6.0);
}

TEST(ImputationTest, MaximizesToo) {
  const Objective accuracy{.metric = "accuracy", .goal = Goal::kMaximize, .scope = ObjectiveScope::kBest};
  const MetricCurve stopped({{1, 0.5}, {2, 0.4}});
  const MetricCurve completed({{1, 0.6}, {2, 0.7}, {3, 0.9}});
  EXPECT_DOUBLE_EQ(*ImputeFinalValue(accuracy, stopped, {&completed}), 0.5 + 0.2);
}

TEST(ImputationTest, IsFiniteOrNothing) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(ImputeFinalValue(kLoss, MetricCurve(), {}), std::nullopt);
  EXPECT_EQ(ImputeFinalValue(kLoss, MetricCurve({{1, nan}}), {}), std::nullopt);
  EXPECT_DOUBLE_EQ(*ImputeFinalValue(kLoss, MetricCurve({{1, 3.0}, {2, nan}}), {}), 3.0);
  const MetricCurve huge({{1, 1e308}, {2, -1e308}});
  EXPECT_DOUBLE_EQ(*ImputeFinalValue(kLoss, MetricCurve({{1, 3.0}}), {&huge}), 3.0);
}

}  // namespace
}  // namespace pegbox
