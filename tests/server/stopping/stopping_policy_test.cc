#include "server/stopping/stopping_policy.h"

#include <gtest/gtest.h>

namespace pegbox {
namespace {

const Objective kLoss{.metric = "loss", .goal = Goal::kMinimize};

// One completed trial at 0.5, and one in question that stands still at 0.9: both rules below stop it.
class StoppingPolicyTest : public ::testing::Test {
 protected:
  const MetricCurve completed_{{{1, 0.5}, {2, 0.5}}};
  const MetricCurve curve_{{{1, 0.9}, {2, 0.9}}};
  const std::vector<const MetricCurve*> others_ = {&completed_};
  const StoppingSnapshot snapshot_{.objective = kLoss, .curve = curve_, .completed = others_};

  const StoppingRule median_ = MedianRule{.min_completed_trials = 1};
  const StoppingRule patience_ = PatienceRule{.patience = 1};
  const StoppingRule longer_patience_ = PatienceRule{.patience = 9};
};

TEST_F(StoppingPolicyTest, EachKindOfRuleIsEvaluated) {
  EXPECT_EQ(Evaluate(median_, snapshot_)->rule, "median");
  EXPECT_EQ(Evaluate(patience_, snapshot_)->rule, "patience");
  EXPECT_EQ(Evaluate(longer_patience_, snapshot_), std::nullopt);
}

TEST_F(StoppingPolicyTest, FirstRuleThatSaysStopDecides) {
  EXPECT_EQ(Evaluate(std::vector{median_, patience_}, snapshot_)->rule, "median");
  EXPECT_EQ(Evaluate(std::vector{patience_, median_}, snapshot_)->rule, "patience");
  EXPECT_EQ(Evaluate(std::vector{longer_patience_, median_}, snapshot_)->rule, "median");
}

TEST_F(StoppingPolicyTest, TrialGoesOnWhenNoRuleSaysStop) {
  EXPECT_EQ(Evaluate(std::vector{longer_patience_}, snapshot_), std::nullopt);
  EXPECT_EQ(Evaluate(std::vector<StoppingRule>(), snapshot_), std::nullopt);
}

TEST_F(StoppingPolicyTest, TrialWithoutReportsGoesOn) {
  const MetricCurve empty;
  const StoppingSnapshot snapshot{.objective = kLoss, .curve = empty, .completed = others_};
  EXPECT_EQ(Evaluate(std::vector{median_, patience_}, snapshot), std::nullopt);
}

}  // namespace
}  // namespace pegbox
