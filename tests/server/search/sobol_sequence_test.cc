#include "server/search/sobol_sequence.h"

#include <set>

#include "gtest/gtest.h"
#include "server/search/sobol_direction_numbers.h"

namespace pegbox {
namespace {

TEST(SobolSequenceTest, EveryStratumOfEveryDimensionHoldsOnePoint) {
  constexpr int kPoints = 256;
  const SobolSequence sequence(kSobolDimensions, 7);
  std::vector<std::set<int>> strata(kSobolDimensions);
  for (int i = 0; i < kPoints; ++i) {
    const std::vector<double> point = sequence.Point(kPoints + i);
    for (size_t d = 0; d < point.size(); ++d) {
      ASSERT_GE(point[d], 0);
      ASSERT_LT(point[d], 1);
      strata[d].insert(static_cast<int>(point[d] * kPoints));
    }
  }
  for (const std::set<int>& seen : strata) EXPECT_EQ(seen.size(), kPoints);
}

// The first two dimensions are a (0, m, 2)-net in base 2 (Sobol 1967), scrambled or not.
TEST(SobolSequenceTest, EveryElementaryIntervalOfTheFirstTwoDimensionsHoldsOnePoint) {
  constexpr int kExponent = 8;
  const SobolSequence sequence(2, 11);
  for (int k = 0; k <= kExponent; ++k) {
    std::set<std::pair<int, int>> boxes;
    for (int i = 0; i < (1 << kExponent); ++i) {
      const std::vector<double> point = sequence.Point(i);
      boxes.emplace(static_cast<int>(point[0] * (1 << k)), static_cast<int>(point[1] * (1 << (kExponent - k))));
    }
    EXPECT_EQ(boxes.size(), 1 << kExponent);
  }
}

TEST(SobolSequenceTest, SeedsScrambleAndSpacesMayHaveMoreDimensionsThanTheTable) {
  EXPECT_EQ(SobolSequence(300, 1).Point(5), SobolSequence(300, 1).Point(5));
  EXPECT_NE(SobolSequence(2, 1).Point(5), SobolSequence(2, 2).Point(5));
  const std::vector<double> point = SobolSequence(300, 1).Point(5);
  EXPECT_NE(point[298], point[299]);
}

TEST(SobolSequenceTest, InitialNumbersAreOddAndBelowTheirPowerOfTwo) {
  for (const SobolPolynomial& polynomial : kSobolPolynomials) {
    for (int i = 0; i < polynomial.degree; ++i) {
      EXPECT_EQ(polynomial.initial[i] % 2, 1);
      EXPECT_LT(polynomial.initial[i], 2u << i);
    }
  }
}

}  // namespace
}  // namespace pegbox
