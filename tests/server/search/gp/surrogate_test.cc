#include "server/search/gp/surrogate.h"

#include <cmath>

#include "gtest/gtest.h"
#include "server/search/random_stream.h"
#include "tests/server/search/search_spaces.h"

namespace pegbox {
namespace {

class SurrogateTest : public ::testing::Test {
 protected:
  // Of a bowl; the last `failures` of them failed.
  std::vector<Outcome> Outcomes(size_t count, size_t failures = 0) const {
    RandomStream random(1, 1, RandomPurpose::kSimulation);
    std::vector<Outcome> outcomes;
    for (size_t i = 0; i < count; ++i) {
      Outcome outcome{.point = {random.Uniform(), random.Uniform()}, .trial_number = static_cast<int64_t>(i) + 1};
      outcome.value = std::pow(outcome.point[0] - 0.3, 2) + 0.3 * outcome.point[1];
      outcome.is_failure = i + failures >= count;
      outcomes.push_back(std::move(outcome));
    }
    return outcomes;
  }

  const SearchSpace space_ = MakeSpace({Double("x", 0, 1), Double("y", 0, 1)});
  const UnitCube cube_{space_};
  const FeatureMap features_{cube_};
};

TEST_F(SurrogateTest, ModelsFailuresFromFiveOrAFifth) {
  SurrogateTrainer trainer;
  const auto models_failures = [&](size_t count, size_t failures) {
    return !trainer.Learn(features_, Outcomes(count, failures), nullptr)->fit.feasibility_theta.empty();
  };
  EXPECT_FALSE(models_failures(40, 0));
  EXPECT_FALSE(models_failures(40, 4));
  EXPECT_TRUE(models_failures(40, 5));
  EXPECT_FALSE(models_failures(11, 2));
  EXPECT_TRUE(models_failures(10, 2));
}

TEST_F(SurrogateTest, StandsInForAModelOfFailuresThatNoFitHasYet) {
  SurrogateTrainer trainer;
  const SurrogateFit last = *FitSurrogate(features_, Outcomes(300), nullptr);
  EXPECT_TRUE(last.feasibility_theta.empty());
  const std::optional<CurrentFit> current = trainer.Learn(features_, Outcomes(305, 5), &last);
  EXPECT_EQ(current->evaluations, 0);
  EXPECT_EQ(current->fit.objective_theta, last.objective_theta);
  EXPECT_EQ(current->fit.feasibility_theta, ThetaPrior(2).start);
}

TEST_F(SurrogateTest, LargeFitsAreOfASubsetAndKeepTheNoise) {
  SurrogateFit last = *FitSurrogate(features_, Outcomes(500), nullptr);
  last.objective_theta.back() = -9.5;
  const SurrogateFit fit = *FitSurrogate(features_, Outcomes(700), &last);
  EXPECT_EQ(fit.outcomes, 700);
  EXPECT_EQ(fit.objective_theta.back(), -9.5);
  EXPECT_NE(fit.objective_theta[0], last.objective_theta[0]);
  EXPECT_NE(FitSurrogate(features_, Outcomes(512), &last)->objective_theta.back(), -9.5);
}

TEST_F(SurrogateTest, ThetasAreShortToStore) {
  const SurrogateFit fit = *FitSurrogate(features_, Outcomes(30), nullptr);
  for (double parameter : fit.objective_theta) {
    EXPECT_EQ(parameter, std::round(parameter * 1e6) / 1e6);
  }
}

TEST_F(SurrogateTest, LearnsNothingFromEqualValuesOrFailuresAlone) {
  std::vector<Outcome> equal = Outcomes(20);
  for (Outcome& outcome : equal) outcome.value = 1;
  EXPECT_FALSE(SurrogateTrainer().Learn(features_, equal, nullptr).has_value());
  EXPECT_FALSE(FitSurrogate(features_, equal, nullptr).has_value());
  EXPECT_FALSE(FitSurrogate(features_, Outcomes(20, 20), nullptr).has_value());
  EXPECT_FALSE(FitSurrogate(features_, {}, nullptr).has_value());
}

}  // namespace
}  // namespace pegbox
