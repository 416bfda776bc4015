#include "server/search/gp/local_model.h"

#include <algorithm>
#include <cmath>

#include "gtest/gtest.h"
#include "server/search/random_stream.h"
#include "tests/server/search/search_spaces.h"

namespace pegbox {
namespace {

std::vector<Outcome> Outcomes(size_t count) {
  RandomStream random(1, 1, RandomPurpose::kSimulation);
  std::vector<Outcome> outcomes;
  for (size_t i = 0; i < count; ++i) {
    Outcome outcome{.point = {random.Uniform(), random.Uniform()}, .trial_number = static_cast<int64_t>(i) + 1};
    outcome.value = std::hypot(outcome.point[0] - 0.3, outcome.point[1] - 0.8);
    outcome.is_failure = i % 10 == 9;
    outcomes.push_back(std::move(outcome));
  }
  return outcomes;
}

class LocalModelTest : public ::testing::Test {
 protected:
  LocalModel Choose(const std::vector<Outcome>& outcomes, uint64_t number) const {
    return ChooseLocalModel(cube_, features_, outcomes, {std::log(0.1), std::log(0.4), 0, -6}, 1, number);
  }

  const SearchSpace space_ = MakeSpace({Double("x", 0, 1), Double("y", 0, 1)});
  const UnitCube cube_{space_};
  const FeatureMap features_{cube_};
};

TEST_F(LocalModelTest, TakesAllUpToTwoThousand) {
  const LocalModel model = Choose(Outcomes(2000), 1);
  EXPECT_EQ(model.outcomes.size(), 2000);
  EXPECT_FALSE(model.box.has_value());
}

TEST_F(LocalModelTest, BeyondTakesTheBestTheNearestAndSomeOthers) {
  const std::vector<Outcome> outcomes = Outcomes(5000);
  const LocalModel model = Choose(outcomes, 1);
  ASSERT_EQ(model.outcomes.size(), 768);
  const auto is_earlier = [](const Outcome& a, const Outcome& b) { return a.trial_number < b.trial_number; };
  EXPECT_TRUE(std::is_sorted(model.outcomes.begin(), model.outcomes.end(), is_earlier));
  std::vector<Outcome> best = outcomes;
  std::sort(best.begin(), best.end(), IsBetterOutcome);
  for (size_t i = 0; i < 256; ++i) {
    EXPECT_TRUE(std::binary_search(model.outcomes.begin(), model.outcomes.end(), best[i], is_earlier)) << i;
  }
  const auto is_near = [&](const Outcome& o) { return std::abs(o.point[0] - best[0].point[0]) < 0.15; };
  const auto near = std::count_if(model.outcomes.begin(), model.outcomes.end(), is_near);
  EXPECT_GT(near, 500);
  EXPECT_LT(near, 740) << "some stand elsewhere";
  EXPECT_GT(std::count_if(model.outcomes.begin(), model.outcomes.end(), [](const Outcome& o) { return o.is_failure; }),
            20);
}

TEST_F(LocalModelTest, EachFourthSuggestionIsGlobal) {
  const std::vector<Outcome> outcomes = Outcomes(3000);
  for (uint64_t number = 1; number <= 8; ++number) {
    const LocalModel model = Choose(outcomes, number);
    EXPECT_EQ(model.outcomes.size(), 768);
    EXPECT_EQ(model.box.has_value(), number % 4 != 0);
  }
}

TEST_F(LocalModelTest, TheBoxIsNarrowWhereTheLengthScaleIsShort) {
  const LocalModel model = Choose(Outcomes(2001), 1);
  const std::vector<Outcome>& outcomes = model.outcomes;
  const UnitPoint& best = std::min_element(outcomes.begin(), outcomes.end(), IsBetterOutcome)->point;
  // Length 0.8, length-scales 0.1 and 0.4, whose geometric mean is 0.2.
  EXPECT_NEAR(model.box->lower[0], std::max(0.0, best[0] - 0.2), 1e-12);
  EXPECT_NEAR(model.box->upper[0], std::min(1.0, best[0] + 0.2), 1e-12);
  EXPECT_EQ(model.box->upper[1], 1) << "wider than the cube";
}

TEST(TrustRegionTest, GrowsWithSuccessAndShrinksWithout) {
  std::vector<Outcome> outcomes;
  const auto add = [&](double value, int count = 1) {
    for (int i = 0; i < count; ++i) outcomes.push_back({.value = value});
    return TrustRegionLength(outcomes, 1, 6);
  };
  EXPECT_EQ(add(100), 0.8);
  EXPECT_EQ(add(100, 5), 0.8);
  EXPECT_EQ(add(100), 0.4) << "six in a row";
  EXPECT_EQ(add(90), 0.4);
  EXPECT_EQ(add(80), 0.4);
  EXPECT_EQ(add(70), 0.8) << "three in a row";
  EXPECT_EQ(add(69.99, 6), 0.4) << "too little to count";
  for (int i = 1; i <= 9; ++i) add(50 - i);
  EXPECT_EQ(add(20), 1.6) << "no larger";
  EXPECT_EQ(add(20, 6 * 7), 0x1p-7 * 1.6);
  EXPECT_EQ(add(20, 6), 0.8) << "begins again";
}

}  // namespace
}  // namespace pegbox
