#include "server/diagnosis/rank_statistics.h"

#include <gmock/gmock.h>

#include <cmath>

namespace pegbox {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

TEST(RankStatisticsTest, EqualValuesShareTheMeanOfTheirRanks) {
  EXPECT_THAT(Ranks({10, 30, 20, 20}), ElementsAre(DoubleEq(1), DoubleEq(4), DoubleEq(2.5), DoubleEq(2.5)));
}

// sum of squared rank differences 2, n = 5, no ties: 1 - 6 * 2 / (5 * 24) = 0.9.
TEST(RankStatisticsTest, CorrelationIsSpearmans) {
  EXPECT_NEAR(RankCorrelation({1, 2, 3, 4, 5}, {1, 3, 2, 4, 50}).strength, 0.9, 1e-12);
  EXPECT_NEAR(RankCorrelation({1, 2, 3, 4, 5}, {9, 7, 5, 3, -100}).strength, -1, 1e-12);
}

// Of the 120 orders of five different numbers, only the two sorted ones are as strong: p = 1/60.
TEST(RankStatisticsTest, PValueIsTheShareOfOrdersAsStrong) {
  EXPECT_NEAR(RankCorrelation({1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}).p_value, 1.0 / 60, 0.01);
  EXPECT_GT(RankCorrelation({1, 2, 3, 4, 5, 6}, {3, 1, 5, 2, 6, 4}).p_value, 0.2);
}

// Ranks 1 and 2 against 3 and 4: between the categories lies 2 * 1 + 2 * 1 = 4 of the total 5.
TEST(RankStatisticsTest, CorrelationRatioIsTheShareBetweenCategories) {
  EXPECT_NEAR(RankCorrelationRatio({7, 7, 9, 9}, {1, 2, 3, 4}).strength, std::sqrt(0.8), 1e-12);
}

TEST(RankStatisticsTest, AConstantColumnGoesWithNothing) {
  EXPECT_EQ(RankCorrelation({1, 1, 1, 1}, {1, 2, 3, 4}).p_value, 1);
  EXPECT_EQ(RankCorrelation({1, 2, 3, 4}, {1, 1, 1, 1}).strength, 0);
  EXPECT_EQ(RankCorrelationRatio({5, 5, 5}, {1, 2, 3}).p_value, 1);
  EXPECT_EQ(RankCorrelation({1, 2}, {1, 2}).p_value, 1);
}

TEST(RankStatisticsTest, TheAnswerIsAlwaysTheSame) {
  const std::vector<double> x = {1, 5, 2, 8, 3, 9, 4}, y = {2, 4, 1, 9, 5, 7, 3};
  EXPECT_EQ(RankCorrelation(x, y).p_value, RankCorrelation(x, y).p_value);
}

}  // namespace
}  // namespace pegbox
