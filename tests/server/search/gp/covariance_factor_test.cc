#include "server/search/gp/covariance_factor.h"

#include <cmath>

#include "gtest/gtest.h"
#include "server/search/gp/likelihood.h"
#include "server/search/random_stream.h"

namespace pegbox {
namespace {

const Theta kTheta = {-0.6, 0.4, 0.1, 0.3, -5};

// Two numbers and a category, each point the same however many there are.
FeatureMatrix Points(size_t count) {
  FeatureMatrix x{.numeric = 2, .categorical = 1, .count = count, .values = {}};
  for (uint64_t j = 0; j < 3; ++j) {
    RandomStream random(1, j, RandomPurpose::kSimulation);
    for (size_t i = 0; i < count; ++i) {
      x.values.push_back(j < 2 ? random.Uniform() : static_cast<double>(random.Below(3)));
    }
  }
  return x;
}

std::vector<double> Rows(const CovarianceFactor& factor) {
  std::vector<double> rows;
  for (size_t i = 0; i < factor.all().size; ++i) {
    rows.insert(rows.end(), factor.all().row(i), factor.all().row(i) + i + 1);
  }
  return rows;
}

std::vector<double> Fresh(const FeatureMatrix& x, size_t measured, const Theta& theta = kTheta) {
  CovarianceFactor factor;
  EXPECT_TRUE(factor.Assign(x, measured, theta));
  return Rows(factor);
}

TEST(CovarianceFactorTest, AgreesWithAFactorizationAtOnce) {
  for (size_t n : {1, 31, 32, 33, 150}) {
    const FeatureMatrix x = Points(n);
    const Kernel kernel(kTheta);
    std::vector<double> pairs, slopes, matrix;
    kernel.EvaluatePairs(x, pairs, slopes);
    FillCovariance(kernel, pairs, n, matrix);
    ASSERT_TRUE(FactorizeCholesky(matrix, n));
    CovarianceFactor grown;
    for (size_t count = 1; count <= n; ++count) ASSERT_TRUE(grown.Assign(Points(count), count, kTheta));
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j <= i; ++j) EXPECT_NEAR(grown.all().row(i)[j], matrix[i * n + j], 1e-8);
    }
  }
}

// From one set of points to the next: what was kept must not show in a bit.
TEST(CovarianceFactorTest, WhatIsKeptNeverShows) {
  CovarianceFactor kept;
  for (const auto& [count, measured] : std::vector<std::pair<size_t, size_t>>{{40, 40},
                                                                              {41, 41},
                                                                              {48, 41},
                                                                              {80, 41},
                                                                              {140, 41},
                                                                              {60, 42},
                                                                              {43, 43},
                                                                              {70, 64},
                                                                              {70, 70},
                                                                              {30, 30},
                                                                              {300, 290},
                                                                              {301, 290},
                                                                              {300, 291}}) {
    ASSERT_TRUE(kept.Assign(Points(count), measured, kTheta));
    EXPECT_EQ(Rows(kept), Fresh(Points(count), measured)) << count << " " << measured;
  }
  // A point in the middle is another one.
  FeatureMatrix changed = Points(300);
  changed.values[100] = 0.123;
  ASSERT_TRUE(kept.Assign(changed, 290, kTheta));
  EXPECT_EQ(Rows(kept), Fresh(changed, 290));
  const Theta other = {-0.5, 0.4, 0.1, 0.3, -5};
  ASSERT_TRUE(kept.Assign(changed, 290, other));
  EXPECT_EQ(Rows(kept), Fresh(changed, 290, other));
}

// Points that coincide need a raised diagonal; without them it is as low as it was.
TEST(CovarianceFactorTest, TheDiagonalIsRaisedNoLongerThanNeeded) {
  const Theta flat = {3.9, 3.9, 3.9, 34, std::log(1e-7)};
  FeatureMatrix equal{.numeric = 2, .categorical = 1, .count = 64, .values = std::vector<double>(192, 0.5)};
  CovarianceFactor factor;
  ASSERT_TRUE(factor.Assign(equal, 64, flat));
  const double raised = factor.noise_variance();
  EXPECT_GT(raised, 2 * factor.kernel().noise_variance());
  EXPECT_EQ(Rows(factor), Fresh(equal, 64, flat));
  ASSERT_TRUE(factor.Assign(equal, 64, flat));
  EXPECT_EQ(factor.noise_variance(), raised);
  equal.count = 1;
  equal.values.assign(3, 0.5);
  ASSERT_TRUE(factor.Assign(equal, 1, flat));
  EXPECT_EQ(factor.noise_variance(), factor.kernel().noise_variance());
}

TEST(CovarianceFactorTest, SaysWhenNothingHelpsAndRecovers) {
  CovarianceFactor factor;
  ASSERT_TRUE(factor.Assign(Points(40), 40, kTheta));
  EXPECT_FALSE(factor.Assign(Points(40), 40, {-0.6, 0.4, 0.1, 1000, -5})) << "an infinite variance";
  EXPECT_FALSE(factor.Assign(Points(40), 40, {-0.6, 0.4, 0.1, std::nan(""), -5}));
  ASSERT_TRUE(factor.Assign(Points(40), 40, kTheta));
  EXPECT_EQ(Rows(factor), Fresh(Points(40), 40));
}

}  // namespace
}  // namespace pegbox
