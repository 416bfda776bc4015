#include "server/diagnosis/generalization.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace pegbox {
namespace {

MetricCurve Curve(const std::vector<double>& values) {
  MetricCurve curve;
  for (size_t i = 0; i < values.size(); ++i) curve.Add({static_cast<int64_t>(i) + 1, values[i]});
  return curve;
}

std::vector<double> Negated(std::vector<double> values) {
  for (double& value : values) value = -value;
  return values;
}

const std::vector<double> kFallingTrain = {1.0, 0.8, 0.6, 0.5, 0.4, 0.32, 0.26, 0.2, 0.15, 0.1};
const std::vector<double> kRisingValidation = {1.1, 0.9, 0.75, 0.7, 0.69, 0.72, 0.78, 0.84, 0.92, 1.0};

TEST(GeneralizationTest, GapIsTakenAtTheBestStepOfValidation) {
  const auto result = CompareCurves(Goal::kMinimize, Curve(kFallingTrain), Curve(kRisingValidation));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->best_step, 5);
  EXPECT_DOUBLE_EQ(result->train, 0.4);
  EXPECT_DOUBLE_EQ(result->validation, 0.69);
  EXPECT_NEAR(result->gap, 0.29, 1e-12);
}

TEST(GeneralizationTest, DivergenceBeginsAtTheBestStep) {
  EXPECT_EQ(CompareCurves(Goal::kMinimize, Curve(kFallingTrain), Curve(kRisingValidation))->divergence_step, 5);
}

TEST(GeneralizationTest, AccuraciesAreReadTheOtherWayRound) {
  const auto result = CompareCurves(Goal::kMaximize, Curve(Negated(kFallingTrain)), Curve(Negated(kRisingValidation)));
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->divergence_step, 5);
  EXPECT_NEAR(result->gap, 0.29, 1e-12);
}

TEST(GeneralizationTest, NoiseAroundAPlateauIsNoDivergence) {
  const auto result = CompareCurves(Goal::kMinimize, Curve(kFallingTrain),
                                    Curve({1.1, 0.9, 0.75, 0.69, 0.72, 0.7, 0.73, 0.69, 0.72, 0.7}));
  EXPECT_EQ(result->divergence_step, std::nullopt);
}

TEST(GeneralizationTest, ValidationThatWorsensWithTrainingIsNoOverfitting) {
  const auto result = CompareCurves(Goal::kMinimize, Curve({1.0, 0.8, 0.6, 0.5, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}),
                                    Curve(kRisingValidation));
  EXPECT_EQ(result->divergence_step, std::nullopt);
}

TEST(GeneralizationTest, TwoReportsAfterTheBestAreTooFew) {
  EXPECT_EQ(CompareCurves(Goal::kMinimize, Curve({1, 0.8, 0.6, 0.4}), Curve({1, 0.5, 0.9, 0.95}))->divergence_step,
            std::nullopt);
}

TEST(GeneralizationTest, WithoutFiniteValuesThereIsNothingToCompare) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(CompareCurves(Goal::kMinimize, Curve({1, 1}), Curve({nan, nan})).has_value());
  EXPECT_FALSE(CompareCurves(Goal::kMinimize, MetricCurve(), Curve({1, 2})).has_value());
}

// Second differences of 0, 1, 0, 1, 0, ... are all 2 in size.
TEST(GeneralizationTest, NoiseComesFromSecondDifferences) {
  EXPECT_NEAR(ReportNoise(Curve({0, 1, 0, 1, 0, 1})), 1.4826 * 2 / std::sqrt(6.0), 1e-12);
  EXPECT_EQ(ReportNoise(Curve({1, 2, 3, 4, 5})), 0);
  EXPECT_EQ(ReportNoise(Curve({1, 2})), 0);
}

}  // namespace
}  // namespace pegbox
