#include "server/domain/objective.h"

#include <gtest/gtest.h>

#include <limits>

namespace pegbox {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(ObjectiveTest, BetterIsStrictAndFollowsTheGoal) {
  EXPECT_TRUE(IsBetter(Goal::kMinimize, 0.1, 0.2));
  EXPECT_FALSE(IsBetter(Goal::kMinimize, 0.2, 0.1));
  EXPECT_FALSE(IsBetter(Goal::kMinimize, 0.1, 0.1));
  EXPECT_TRUE(IsBetter(Goal::kMaximize, 0.2, 0.1));
  EXPECT_FALSE(IsBetter(Goal::kMaximize, 0.1, 0.2));
  EXPECT_FALSE(IsBetter(Goal::kMaximize, 0.2, 0.2));
}

TEST(ObjectiveTest, WhatIsNotFiniteIsNeverBetter) {
  for (const Goal goal : {Goal::kMinimize, Goal::kMaximize}) {
    for (const double bad : {kNan, kInfinity, -kInfinity}) {
      EXPECT_FALSE(IsBetter(goal, bad, 1.0)) << bad;
      EXPECT_FALSE(IsBetter(goal, bad, kNan)) << bad;
    }
  }
}

TEST(ObjectiveTest, FiniteIsBetterThanWhatIsNot) {
  for (const Goal goal : {Goal::kMinimize, Goal::kMaximize}) {
    for (const double bad : {kNan, kInfinity, -kInfinity}) EXPECT_TRUE(IsBetter(goal, 1.0, bad)) << bad;
  }
}

TEST(ObjectiveTest, TargetIsReachedByAnEqualOrBetterValue) {
  const Objective loss{.metric = "loss", .goal = Goal::kMinimize, .target = 0.5};
  EXPECT_TRUE(ReachesTarget(loss, 0.4));
  EXPECT_TRUE(ReachesTarget(loss, 0.5));
  EXPECT_FALSE(ReachesTarget(loss, 0.6));
  const Objective accuracy{.metric = "accuracy", .goal = Goal::kMaximize, .target = 0.9};
  EXPECT_TRUE(ReachesTarget(accuracy, 0.95));
  EXPECT_TRUE(ReachesTarget(accuracy, 0.9));
  EXPECT_FALSE(ReachesTarget(accuracy, 0.89));
}

TEST(ObjectiveTest, TargetIsNeverReachedWithoutOneOrByWhatIsNotFinite) {
  EXPECT_FALSE(ReachesTarget({.metric = "loss"}, -1e300));
  for (const double bad : {kNan, kInfinity, -kInfinity}) {
    EXPECT_FALSE(ReachesTarget({.metric = "loss", .goal = Goal::kMinimize, .target = 0.5}, bad)) << bad;
    EXPECT_FALSE(ReachesTarget({.metric = "loss", .goal = Goal::kMaximize, .target = 0.5}, bad)) << bad;
  }
}

TEST(ObjectiveTest, MetricNamesOfEveryAllowedCharacterAreValid) {
  EXPECT_TRUE(ValidateMetricName("aZ09_.:/-", "name").ok());
  EXPECT_TRUE(ValidateMetricName(std::string(128, 'a'), "name").ok());
}

TEST(ObjectiveTest, OtherMetricNamesAreRejected) {
  for (const std::string& name : {std::string(), std::string("a b"), std::string("a\n"), std::string("a=1"),
                                  std::string("\xc3\xa4"), std::string("a\0", 2), std::string(129, 'a')}) {
    const absl::Status status = ValidateMetricName(name, "name");
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message().find("name: must be 1 to 128 characters of A-Z a-z 0-9 _ . : / -; got \""), 0u);
  }
}

}  // namespace
}  // namespace pegbox
