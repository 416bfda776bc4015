#include "server/search/gp/log_ei.h"

#include <cmath>

#include "gtest/gtest.h"

namespace pegbox {
namespace {

// Computed from the definitions with 100 decimal digits.
struct Golden {
  double z;
  double log_h;
  double log_cdf;
};
constexpr Golden kGolden[] = {
    {-1e5, -5000000023.9447894634, -5000000012.4318639983},    {-1000, -500014.73445209115845, -500007.82669481218431},
    {-100, -5010.1295788002497923, -5005.5242086942050886},    {-38, -730.19618340211373916, -726.5572160188201301},
    {-10, -55.553122036122355927, -53.231285150512470578},     {-5.5, -19.543071452824105399, -17.779376352625260511},
    {-5.0001, -16.744837348985083006, -15.065517049221957951}, {-5, -16.744301162660990143, -15.064998393988725736},
    {-4.9999, -16.74376498573681927, -15.064479748428529174},  {-3, -7.8696860596030285171, -6.6077262215103495433},
    {-1, -2.4851210257126413368, -1.8410216450092635058},      {0, -0.91893853320467274178, -0.69314718055994530942},
    {0.5, -0.35982768374506381859, -0.36894641528865639307},   {3, 1.0987396653277077727, -0.0013508099647481937988},
};

TEST(LogEiTest, MatchesHighPrecisionValues) {
  for (const Golden& golden : kGolden) {
    EXPECT_NEAR(LogH(golden.z), golden.log_h, 1e-14 * std::max(1.0, std::abs(golden.log_h))) << golden.z;
    EXPECT_NEAR(LogNormalCdf(golden.z).value, golden.log_cdf, 1e-14 * std::max(1.0, std::abs(golden.log_cdf)))
        << golden.z;
  }
  EXPECT_NEAR(LogH(10), 2.302585092994045684, 1e-15);
}

TEST(LogEiTest, DerivativesMatchFiniteDifferences) {
  for (double mean : {-3.0, 0.0, 0.4, 2.0, 30.0, 4000.0}) {
    for (double deviation : {0.1, 1.0, 2.5}) {
      const LogImprovement at = LogExpectedImprovement(0.3, mean, deviation);
      const double step = 1e-5;
      const double by_mean = (LogExpectedImprovement(0.3, mean + step, deviation).value -
                              LogExpectedImprovement(0.3, mean - step, deviation).value) /
                             (2 * step);
      const double by_deviation = (LogExpectedImprovement(0.3, mean, deviation + step).value -
                                   LogExpectedImprovement(0.3, mean, deviation - step).value) /
                                  (2 * step);
      EXPECT_NEAR(at.by_mean, by_mean, 1e-6 * std::max(1.0, std::abs(by_mean))) << mean << " " << deviation;
      EXPECT_NEAR(at.by_deviation, by_deviation, 1e-6 * std::max(1.0, std::abs(by_deviation)))
          << mean << " " << deviation;
    }
  }
}

TEST(LogEiTest, LogNormalCdfDerivativeMatchesFiniteDifferences) {
  for (double z : {-1e4, -50.0, -6.0, -4.0, 0.0, 2.0}) {
    const double step = 1e-5;
    EXPECT_NEAR(LogNormalCdf(z).derivative, (LogNormalCdf(z + step).value - LogNormalCdf(z - step).value) / (2 * step),
                1e-6 * std::max(1.0, std::abs(z)));
  }
}

TEST(LogEiTest, GrowsWithDeviationEvenWhereImprovementUnderflows) {
  EXPECT_GT(LogExpectedImprovement(0, 1e6, 2).value, LogExpectedImprovement(0, 1e6, 1).value);
  EXPECT_GT(LogExpectedImprovement(0, 1e6, 1).value, LogExpectedImprovement(0, 1.1e6, 1).value);
}

}  // namespace
}  // namespace pegbox
