#include "server/domain/metric_curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace pegbox {

void PrintTo(const MetricPoint& point, std::ostream* out) { *out << point.step << ": " << point.value; }

namespace {

using ::testing::ElementsAre;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(MetricCurveTest, PointsStandByStepWhateverTheirOrder) {
  MetricCurve curve;
  EXPECT_TRUE(curve.Add({3, 0.3}));
  EXPECT_TRUE(curve.Add({1, 0.1}));
  EXPECT_TRUE(curve.Add({2, 0.2}));
  EXPECT_THAT(curve.points(), ElementsAre(MetricPoint{1, 0.1}, MetricPoint{2, 0.2}, MetricPoint{3, 0.3}));
}

TEST(MetricCurveTest, FirstValueOfAStepWins) {
  MetricCurve curve({{1, 0.1}});
  EXPECT_FALSE(curve.Add({1, 0.7}));
  EXPECT_THAT(curve.points(), ElementsAre(MetricPoint{1, 0.1}));
}

TEST(MetricCurveTest, ConstructorSortsAndKeepsTheFirstValueOfAStep) {
  const MetricCurve curve({{2, 0.2}, {1, 0.1}, {2, 0.9}, {1, 0.8}});
  EXPECT_THAT(curve.points(), ElementsAre(MetricPoint{1, 0.1}, MetricPoint{2, 0.2}));
}

TEST(MetricCurveTest, NewCurveIsEmpty) {
  EXPECT_TRUE(MetricCurve().empty());
  EXPECT_FALSE(MetricCurve({{0, 1.0}}).empty());
}

TEST(MetricCurveTest, BestFollowsTheGoal) {
  const MetricCurve curve({{1, 0.5}, {2, 0.2}, {3, 0.9}});
  EXPECT_EQ(curve.Best(Goal::kMinimize), (MetricPoint{2, 0.2}));
  EXPECT_EQ(curve.Best(Goal::kMaximize), (MetricPoint{3, 0.9}));
}

TEST(MetricCurveTest, BestLooksNoFurtherThanTheStepAsked) {
  const MetricCurve curve({{1, 0.5}, {2, 0.4}, {3, 0.1}});
  EXPECT_EQ(curve.Best(Goal::kMinimize, 2), (MetricPoint{2, 0.4}));
  EXPECT_EQ(curve.Best(Goal::kMinimize, 0), std::nullopt);
}

TEST(MetricCurveTest, BestIsTheEarliestOfEquals) {
  EXPECT_EQ(MetricCurve({{1, 0.5}, {2, 0.2}, {3, 0.2}}).Best(Goal::kMinimize), (MetricPoint{2, 0.2}));
}

TEST(MetricCurveTest, BestPassesOverWhatIsNotFinite) {
  const MetricCurve curve({{1, kNan}, {2, -kInfinity}, {3, 0.4}, {4, kInfinity}});
  EXPECT_EQ(curve.Best(Goal::kMinimize), (MetricPoint{3, 0.4}));
  EXPECT_EQ(curve.Best(Goal::kMaximize), (MetricPoint{3, 0.4}));
}

TEST(MetricCurveTest, CurveWithoutFinitePointsHasNoNumbers) {
  for (const MetricCurve& curve : {MetricCurve(), MetricCurve({{1, kNan}, {2, kInfinity}})}) {
    EXPECT_EQ(curve.Best(Goal::kMinimize), std::nullopt);
    EXPECT_EQ(curve.Last(), std::nullopt);
    EXPECT_EQ(curve.RunningAverage(2), std::nullopt);
    EXPECT_EQ(curve.ValueAt(1), std::nullopt);
    EXPECT_EQ(curve.Value({.metric = "loss"}), std::nullopt);
  }
}

TEST(MetricCurveTest, LastIsTheLastFinitePoint) {
  EXPECT_EQ(MetricCurve({{1, 0.5}, {7, 0.6}, {8, kNan}}).Last(), (MetricPoint{7, 0.6}));
}

TEST(MetricCurveTest, RunningAverageIsTheMeanUpToTheStep) {
  const MetricCurve curve({{1, 1.0}, {2, 2.0}, {4, 6.0}});
  EXPECT_EQ(curve.RunningAverage(0), std::nullopt);
  EXPECT_EQ(curve.RunningAverage(1), 1.0);
  EXPECT_EQ(curve.RunningAverage(3), 1.5);
  EXPECT_EQ(curve.RunningAverage(4), 3.0);
  EXPECT_EQ(curve.RunningAverage(100), 3.0);
}

TEST(MetricCurveTest, RunningAverageLeavesOutWhatIsNotFinite) {
  EXPECT_EQ(MetricCurve({{1, 1.0}, {2, kNan}, {3, kInfinity}, {4, 3.0}}).RunningAverage(4), 2.0);
}

TEST(MetricCurveTest, RunningAverageOfHugeValuesStaysFinite) {
  EXPECT_EQ(MetricCurve({{1, 1.5e308}, {2, 1.5e308}}).RunningAverage(2), 1.5e308);
}

TEST(MetricCurveTest, ValueBetweenPointsIsLinear) {
  const MetricCurve curve({{2, 1.0}, {6, 3.0}});
  EXPECT_EQ(curve.ValueAt(2), 1.0);
  EXPECT_EQ(curve.ValueAt(3), 1.5);
  EXPECT_EQ(curve.ValueAt(5.5), 2.75);
  EXPECT_EQ(curve.ValueAt(6), 3.0);
}

TEST(MetricCurveTest, ValueIsInterpolatedAcrossWhatIsNotFinite) {
  EXPECT_EQ(MetricCurve({{0, 0.0}, {1, kNan}, {2, 4.0}}).ValueAt(1), 2.0);
}

TEST(MetricCurveTest, ValueIsNeverExtrapolated) {
  const MetricCurve curve({{2, 1.0}, {6, 3.0}});
  EXPECT_EQ(curve.ValueAt(1.9), std::nullopt);
  EXPECT_EQ(curve.ValueAt(6.1), std::nullopt);
  EXPECT_EQ(curve.ValueAt(kNan), std::nullopt);
}

TEST(MetricCurveTest, ValueOfATrialFollowsTheScope) {
  const MetricCurve curve({{1, 0.2}, {2, 0.7}, {3, 0.5}});
  EXPECT_EQ(curve.Value({.metric = "m", .goal = Goal::kMinimize}), (MetricPoint{1, 0.2}));
  EXPECT_EQ(curve.Value({.metric = "m", .goal = Goal::kMaximize}), (MetricPoint{2, 0.7}));
  EXPECT_EQ(curve.Value({.metric = "m", .goal = Goal::kMinimize, .scope = ObjectiveScope::kLast}),
            (MetricPoint{3, 0.5}));
}

}  // namespace
}  // namespace pegbox
