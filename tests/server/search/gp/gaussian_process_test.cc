// Kernel, likelihood and posterior against their definitions.
#include "server/search/gp/gaussian_process.h"

#include <cmath>

#include "gtest/gtest.h"
#include "server/search/gp/likelihood.h"
#include "server/search/gp/linear_algebra.h"
#include "server/search/random_stream.h"
#include "tests/server/search/search_spaces.h"

namespace pegbox {
namespace {

// Three points on a line with values, and what follows for l = e^-0.5, s^2 = e^0.3, nu = -4; with 40 digits.
const FeatureMatrix kLine{.numeric = 1, .categorical = 0, .count = 3, .values = {0.1, 0.4, 0.9}};
const std::vector<double> kLineValues = {-1, 0.2, 0.8};
const Theta kLineTheta = {-0.5, 0.3, -4};

struct MixedData {
  FeatureMatrix x{.numeric = 3, .categorical = 2, .count = 0, .values = {}};
  std::vector<double> y;
};

MixedData MakeMixedData(size_t count) {
  RandomStream random(7, count, RandomPurpose::kRandomSearch);
  MixedData data;
  data.x.count = count;
  for (size_t i = 0; i < 3 * count; ++i) data.x.values.push_back(random.Uniform());
  for (size_t i = 0; i < 2 * count; ++i) data.x.values.push_back(static_cast<double>(random.Below(3)));
  for (size_t i = 0; i < count; ++i)
    data.y.push_back(std::sin(6 * data.x.at(0, i)) + data.x.at(3, i) + 0.1 * random.Normal());
  return data;
}

TEST(KernelTest, MatchesItsDefinitionForNumbersAndCategories) {
  const FeatureMatrix x{.numeric = 2, .categorical = 1, .count = 2, .values = {0.2, 0.9, 0.3, 0.1, 0.5, 0.25}};
  std::vector<double> value, slope;
  Kernel(Theta{std::log(0.5), std::log(2), std::log(1.5), std::log(1.7), -6}).EvaluatePairs(x, value, slope);
  EXPECT_NEAR(value[0], 0.44754307272530527359, 1e-15);
  EXPECT_NEAR(slope[0], -0.19635977128450338962, 1e-15);
}

TEST(KernelTest, CrossAgreesWithPairs) {
  const MixedData data = MakeMixedData(6);
  const Kernel kernel(Theta{-0.5, 0, 0.5, 0, -1, 0.2, -5});
  std::vector<double> pairs, pair_slopes, cross, cross_slopes;
  kernel.EvaluatePairs(data.x, pairs, pair_slopes);
  kernel.EvaluateCross(data.x, data.x, cross, cross_slopes);
  for (size_t a = 0, pair = 0; a < 6; ++a) {
    EXPECT_DOUBLE_EQ(cross[a * 6 + a], kernel.signal_variance());
    for (size_t b = 0; b < a; ++b, ++pair) {
      EXPECT_DOUBLE_EQ(cross[a * 6 + b], pairs[pair]);
      EXPECT_DOUBLE_EQ(cross_slopes[b * 6 + a], pair_slopes[pair]);
    }
  }
}

TEST(LinearAlgebraTest, InvertsFromTheFactor) {
  for (size_t n : {1, 5, 96, 97, 130}) {
    const MixedData data = MakeMixedData(n);
    const Kernel kernel(Theta{-0.5, 0, 0.5, 0, -1, 0.2, -4});
    std::vector<double> pairs, slopes, matrix;
    kernel.EvaluatePairs(data.x, pairs, slopes);
    FillCovariance(kernel, pairs, n, matrix);
    const std::vector<double> original = matrix;
    ASSERT_TRUE(FactorizeCholesky(matrix, n));
    InvertFromFactor(matrix, n);
    const auto symmetric = [n](const std::vector<double>& m, size_t a, size_t b) {
      return a >= b ? m[a * n + b] : m[b * n + a];
    };
    for (size_t a = 0; a < n; ++a) {
      double sum = 0;
      for (size_t k = 0; k < n; ++k) sum += symmetric(original, a, k) * symmetric(matrix, k, n / 2);
      EXPECT_NEAR(sum, a == n / 2 ? 1 : 0, 1e-9);
    }
  }
}

TEST(LinearAlgebraTest, SaysWhenAMatrixIsNotPositiveDefinite) {
  std::vector<double> indefinite = {1, 0, 2, 1};
  EXPECT_FALSE(FactorizeCholesky(indefinite, 2));
  std::vector<double> undefined = {std::nan(""), 0, 0, 1};
  EXPECT_FALSE(FactorizeCholesky(undefined, 2));
}

TEST(LikelihoodTest, MatchesItsDefinition) {
  Likelihood likelihood(kLine, kLineValues);
  std::vector<double> gradient(3);
  EXPECT_NEAR(likelihood.Evaluate(kLineTheta, gradient), 1.7057285868533000268, 1e-12);
}

TEST(LikelihoodTest, GradientMatchesFiniteDifferences) {
  for (size_t count : {1, 2, 12, 100}) {
    const MixedData data = MakeMixedData(count);
    Likelihood likelihood(data.x, data.y);
    const Theta theta = {-0.6, 0.4, 0.1, -0.2, 0.7, 0.3, -3};
    std::vector<double> gradient(theta.size()), unused(theta.size());
    likelihood.Evaluate(theta, gradient);
    for (size_t i = 0; i < theta.size(); ++i) {
      const double step = 1e-5;
      Theta above = theta, below = theta;
      above[i] += step;
      below[i] -= step;
      const double difference = (likelihood.Evaluate(above, unused) - likelihood.Evaluate(below, unused)) / (2 * step);
      EXPECT_NEAR(gradient[i], difference, 1e-6 * std::max(1.0, std::abs(difference))) << count << " points, " << i;
    }
  }
}

TEST(LikelihoodTest, FitFindsWhichFeaturesMatter) {
  const MixedData data = MakeMixedData(60);
  const ThetaFit fit = FitTheta(data.x, data.y);
  EXPECT_LT(fit.theta[0], fit.theta[1] - 0.5) << "the first number matters, the second does not";
  EXPECT_LT(fit.theta[3], fit.theta[4] - 0.5) << "the first category matters, the second does not";
  const ThetaPrior prior(5);
  Likelihood likelihood(data.x, data.y);
  std::vector<double> gradient(7);
  EXPECT_LT(fit.value, likelihood.Evaluate(prior.start, gradient));
  likelihood.Evaluate(fit.theta, gradient);
  for (double slope : gradient) EXPECT_NEAR(slope, 0, 0.1);
}

TEST(GaussianProcessTest, PosteriorMatchesItsDefinition) {
  const auto process = GaussianProcess::Create(kLine, kLineValues, kLineTheta);
  ASSERT_TRUE(process.has_value());
  const PosteriorBatch batch = process->Predict({.numeric = 1, .categorical = 0, .count = 1, .values = {0.6}});
  EXPECT_NEAR(batch.mean()[0], 0.66261296992536748337, 1e-12);
  EXPECT_NEAR(batch.deviation()[0], 0.25306224468372507277, 1e-12);
  EXPECT_NEAR(process->Smoothed(0), -0.95521214611886542674, 1e-12);
}

TEST(GaussianProcessTest, PendingPointsLeaveTheMeanAndTakeTheirShareOfTheVariance) {
  const MixedData data = MakeMixedData(20);
  const Theta theta = {-0.6, 0.4, 0.1, -0.2, 0.7, 0.3, -3};
  FeatureMatrix first = data.x;
  first.count = 15;
  first.values.clear();
  for (size_t j = 0; j < 5; ++j) first.values.insert(first.values.end(), data.x.feature(j), data.x.feature(j) + 15);
  const std::vector<double> y(data.y.begin(), data.y.begin() + 15);
  const auto without = GaussianProcess::Create(first, y, theta);
  const auto believing = GaussianProcess::Create(data.x, y, theta);
  const auto measured = GaussianProcess::Create(data.x, data.y, theta);
  EXPECT_EQ(believing->pending(), 5);
  const FeatureMatrix points = MakeMixedData(30).x;
  const PosteriorBatch a = without->Predict(points), b = believing->Predict(points), c = measured->Predict(points);
  for (size_t i = 0; i < points.count; ++i) {
    EXPECT_NEAR(b.mean()[i], a.mean()[i], 1e-10);
    EXPECT_LE(b.deviation()[i], a.deviation()[i] + 1e-12);
    EXPECT_NEAR(b.deviation()[i], c.deviation()[i], 1e-12);
  }
}

TEST(GaussianProcessTest, EqualPointsAreFactorizedAllTheSame) {
  FeatureMatrix x{.numeric = 2, .categorical = 0, .count = 40, .values = std::vector<double>(80, 0.5)};
  const Theta theta = {3.9, 3.9, 6.9, std::log(1e-7)};  // the bounds at which K is nearest to singular
  std::vector<double> y(40, 1);
  y[0] = -1;
  const auto process = GaussianProcess::Create(x, y, theta);
  ASSERT_TRUE(process.has_value());
  const PosteriorBatch batch = process->Predict(x);
  for (double mean : batch.mean()) EXPECT_TRUE(std::isfinite(mean));
  for (double deviation : batch.deviation()) EXPECT_GT(deviation, 0);
}

TEST(GaussianProcessTest, GradientMatchesFiniteDifferences) {
  const MixedData data = MakeMixedData(25);
  const std::vector<double> y(data.y.begin(), data.y.begin() + 20);
  const auto process = GaussianProcess::Create(data.x, y, {-0.6, 0.4, 0.1, -0.2, 0.7, 0.3, -3});
  FeatureMatrix points = MakeMixedData(9).x;
  const std::vector<double> by_mean(9, 0.7), by_deviation(9, -1.3);
  std::vector<double> gradient(9 * 3);
  process->Predict(points).AddGradient(by_mean, by_deviation, gradient);
  const auto value = [&](const FeatureMatrix& at, size_t b) {
    const PosteriorBatch batch = process->Predict(at);
    return 0.7 * batch.mean()[b] - 1.3 * batch.deviation()[b];
  };
  for (size_t b = 0; b < 9; ++b) {
    for (size_t j = 0; j < 3; ++j) {
      FeatureMatrix above = points, below = points;
      above.values[j * 9 + b] += 1e-6;
      below.values[j * 9 + b] -= 1e-6;
      EXPECT_NEAR(gradient[b * 3 + j], (value(above, b) - value(below, b)) / 2e-6, 1e-6);
    }
  }
}

TEST(FeaturesTest, InactiveParametersStandInTheMiddleBesideAnIndicator) {
  const SearchSpace space = MakeSpace({Categorical("optimizer", {"sgd", "adam"}),
                                       When(Double("momentum", 0, 1), "optimizer", {std::string("sgd")}),
                                       When(Integer("delay", 1, 4), "optimizer", {std::string("sgd")}),
                                       When(Bool("nesterov"), "optimizer", {std::string("sgd")})});
  const UnitCube cube(space);
  const FeatureMap map(cube);
  EXPECT_EQ(map.numeric(), 3) << "momentum, delay and one indicator for both";
  EXPECT_EQ(map.categorical(), 2);
  EXPECT_EQ(map.FeatureOf(1), 0);
  EXPECT_EQ(map.FeatureOf(0), std::nullopt);
  std::vector<UnitPoint> points = {{0.25, 0.9, 0.875, 0.25}, {0.75, 0.9, 0.875, 0.25}};
  for (UnitPoint& point : points) cube.Snap(point);
  const FeatureMatrix matrix = map.Map(points);
  EXPECT_EQ(matrix.values, (std::vector<double>{0.9, 0.5, 0.875, 0.5, 1, 0, 0.25, 0.75, 0.25, kInactive}));
}

}  // namespace
}  // namespace pegbox
