#include "server/search/gp/output_transform.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pegbox {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

TEST(OutputTransformTest, MatchesItsDefinition) {
  const std::vector<double> y = {3, 1, 2, 10, 1000};
  // Median 3, g = sqrt(5/3); computed from the definition with 40 digits.
  EXPECT_THAT(*TransformOutputs(y),
              ElementsAre(DoubleNear(-0.522367793270623309, 1e-14), DoubleNear(-0.704827150338302447, 1e-14),
                          DoubleNear(-0.613597471804462878, 1e-14), DoubleNear(-0.118735728327659782, 1e-14),
                          DoubleNear(1.95952814374104842, 1e-14)));
}

TEST(OutputTransformTest, IsMonotoneStandardizedAndLinearInTheBetterHalf) {
  const std::vector<double> y = {0.1, 0.2, 0.4, 0.5, 0.9, 3, 50};
  const std::vector<double> t = *TransformOutputs(y);
  EXPECT_TRUE(std::is_sorted(t.begin(), t.end()));
  EXPECT_NEAR(std::accumulate(t.begin(), t.end(), 0.0), 0, 1e-13);
  EXPECT_NEAR(std::inner_product(t.begin(), t.end(), t.begin(), 0.0), 7, 1e-12);
  EXPECT_NEAR((t[2] - t[1]) / (t[1] - t[0]), 2, 1e-12);
}

TEST(OutputTransformTest, ScaleAndOffsetDoNotMatter) {
  const std::vector<double> y = {3, 1, 2, 10, 50};
  std::vector<double> other;
  for (double value : y) other.push_back(1e-200 * (value + 7));
  const std::vector<double> a = *TransformOutputs(y), b = *TransformOutputs(other);
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-12);
}

TEST(OutputTransformTest, HugeValuesKeepTheOrderOfTheRest) {
  const double max = std::numeric_limits<double>::max();
  for (const std::vector<double>& y : {std::vector<double>{1, 2, 3, 1e300}, {-max, 0, 1, max}, {1, 1, 1, 2, max}}) {
    const std::vector<double> t = *TransformOutputs(y);
    for (double value : t) EXPECT_TRUE(std::isfinite(value));
    for (size_t i = 0; i + 1 < y.size(); ++i) EXPECT_LE(t[i], t[i + 1]);
    EXPECT_LT(t.front(), t.back());
  }
}

TEST(OutputTransformTest, NothingToLearnFromEqualValues) {
  EXPECT_EQ(TransformOutputs(std::vector<double>{}), std::nullopt);
  EXPECT_EQ(TransformOutputs(std::vector<double>{1}), std::nullopt);
  EXPECT_EQ(TransformOutputs(std::vector<double>{2, 2, 2}), std::nullopt);
  EXPECT_EQ(TransformOutputs(std::vector<double>{0, 0}), std::nullopt);
  EXPECT_EQ(TransformOutputs(std::vector<double>{1e9, 1e9 + 1e-6}), std::nullopt) << "rounding, not information";
  EXPECT_NE(TransformOutputs(std::vector<double>{1, 1, 1, 1, 1.5}), std::nullopt) << "a plateau and a step";
}

}  // namespace
}  // namespace pegbox
