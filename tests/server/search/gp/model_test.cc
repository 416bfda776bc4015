#include "server/search/gp/model.h"

#include <cmath>

#include "gtest/gtest.h"
#include "server/search/gp/likelihood.h"
#include "tests/server/search/search_spaces.h"

namespace pegbox {
namespace {

class ModelTest : public ::testing::Test {
 protected:
  bool Condition(const std::vector<Outcome>& outcomes, const SurrogateFit& fit,
                 std::span<const UnitPoint> pending = {}) {
    return model_.Condition(cube_, features_, outcomes, fit, pending, 1, 1);
  }

  const SearchSpace space_ = MakeSpace({Double("x", 0, 1), Double("y", 0, 1)});
  const UnitCube cube_{space_};
  const FeatureMap features_{cube_};
  // Two of them at nearly one point.
  const std::vector<Outcome> outcomes_ = {{{0.1, 0.2}, 1, false, false, 4},
                                          {{0.5, 0.5}, 2, false, false, 1},
                                          {{0.5, 0.5 + 1e-7}, 3, false, false, 3},
                                          {{0.9, 0.9}, 4, true, false, 0},
                                          {{0.9, 0.9}, 5, false, true, 5}};
  const Theta prior_ = ThetaPrior(2).start;
  Model model_;
};

TEST_F(ModelTest, KnowsOutcomesAndPendingPoints) {
  const std::vector<UnitPoint> pending = {{0.3, 0.3}};
  ASSERT_TRUE(Condition(outcomes_, {.objective_theta = prior_}, pending));
  EXPECT_EQ(model_.objective().measured(), 5);
  EXPECT_EQ(model_.objective().pending(), 1);
  EXPECT_EQ(model_.feasibility(), nullptr);
  EXPECT_EQ(model_.training().completed_trials, (std::vector<int64_t>{1, 2, 3, 0, 0}));
  EXPECT_EQ(model_.BestObserved().front(), (UnitPoint{0.5, 0.5}));
  EXPECT_EQ(model_.BestObserved().size(), 4) << "the failure is none";
}

TEST_F(ModelTest, ModelsFailuresWhenTheFitDoes) {
  ASSERT_TRUE(Condition(outcomes_, {.objective_theta = prior_, .feasibility_theta = prior_}));
  ASSERT_NE(model_.feasibility(), nullptr);
  EXPECT_EQ(model_.feasibility()->measured(), 5);
  EXPECT_EQ(model_.objective().measured(), 4) << "a failure has no value";
  EXPECT_EQ(model_.objective().pending(), 1);
  EXPECT_EQ(model_.training().completed_trials, (std::vector<int64_t>{1, 2, 3, 0}));
}

TEST_F(ModelTest, IsMoreCautiousTheMoreTrialsFailed) {
  std::vector<Outcome> outcomes;
  for (int64_t i = 1; i <= 40; ++i) {
    outcomes.push_back({{0.02 * static_cast<double>(i), 0.5}, i, false, false, static_cast<double>(i)});
  }
  const auto caution = [&](size_t failures) {
    for (size_t i = 0; i < 40; ++i) outcomes[i].is_failure = i >= 40 - failures;
    EXPECT_TRUE(Condition(outcomes, {.objective_theta = prior_, .feasibility_theta = prior_}));
    return model_.caution();
  };
  EXPECT_EQ(caution(0), 1);
  EXPECT_GT(caution(2), 10);
  EXPECT_GT(caution(4), 1000);
  EXPECT_EQ(caution(20), caution(30)) << "no more than this, and older trials are forgotten";
}

TEST_F(ModelTest, TakesThePriorAndMergesNearDuplicatesWhereTheFitIsUseless) {
  const Theta useless = {0, 0, 1000, -6};  // an infinite variance
  ASSERT_TRUE(Condition(outcomes_, {.objective_theta = useless, .feasibility_theta = useless}));
  EXPECT_EQ(model_.objective().measured(), 3);
  EXPECT_DOUBLE_EQ(model_.objective().kernel().signal_variance(), 1);
  EXPECT_DOUBLE_EQ(model_.feasibility()->kernel().signal_variance(), 1);
  EXPECT_EQ(model_.feasibility()->measured(), 5);
  ASSERT_TRUE(Condition(outcomes_, {.objective_theta = useless}));
  EXPECT_EQ(model_.objective().measured(), 4) << "a failure and a value at one point stay two";
  ASSERT_TRUE(Condition(outcomes_, {.objective_theta = prior_}));
  const double best = model_.training().outputs[1], worse = model_.training().outputs[2];
  ASSERT_TRUE(Condition(outcomes_, {.objective_theta = useless}));
  EXPECT_DOUBLE_EQ(model_.training().outputs[1], (best + worse) / 2);
}

TEST_F(ModelTest, HasNothingToLearnFromEqualValues) {
  std::vector<Outcome> equal = outcomes_;
  for (Outcome& outcome : equal) outcome.value = 7;
  EXPECT_FALSE(Condition(equal, {.objective_theta = prior_}));
}

}  // namespace
}  // namespace pegbox
