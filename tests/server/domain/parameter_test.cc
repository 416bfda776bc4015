#include "server/domain/parameter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

namespace pegbox {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const ParameterValue kText = std::string("adam");
const ParameterValue kInteger = int64_t{3};

TEST(ParameterTest, DoublesAreWrittenAsPeopleDo) {
  EXPECT_EQ(ToString(0.001), "0.001");
  EXPECT_EQ(ToString(0.1), "0.1");
  EXPECT_EQ(ToString(3.0), "3");
  EXPECT_EQ(ToString(100000.0), "100000");
  EXPECT_EQ(ToString(-2.5), "-2.5");
  EXPECT_EQ(ToString(0.0), "0");
  EXPECT_EQ(ToString(0.0001), "0.0001");
}

TEST(ParameterTest, VerySmallAndVeryLargeDoublesAreScientific) {
  EXPECT_EQ(ToString(1e-5), "1e-5");
  EXPECT_EQ(ToString(-2.5e-7), "-2.5e-7");
  EXPECT_EQ(ToString(1e-10), "1e-10");
  EXPECT_EQ(ToString(1e16), "1e16");
  EXPECT_EQ(ToString(1.5e300), "1.5e300");
  EXPECT_EQ(ToString(5e-324), "5e-324");
}

TEST(ParameterTest, DoublesOutsideOfNumbersAreNamed) {
  EXPECT_EQ(ToString(kNan), "nan");
  EXPECT_EQ(ToString(kInfinity), "inf");
  EXPECT_EQ(ToString(-kInfinity), "-inf");
}

TEST(ParameterTest, DoublesReadBackTheSame) {
  for (const double value : {0.1 + 0.2, 1.0 / 3, 1e-4 / 3, 1e-5 / 3, 1e16 / 3, 9007199254740993.0,
                             2.2250738585072014e-308, 1.7976931348623157e308, -4.9e-320, 123456.789}) {
    EXPECT_EQ(std::strtod(ToString(value).c_str(), nullptr), value) << ToString(value);
  }
}

TEST(ParameterTest, OtherValuesAreWrittenPlainly) {
  EXPECT_EQ(ToString(kInteger), "3");
  EXPECT_EQ(ToString(int64_t{-9'223'372'036'854'775'807 - 1}), "-9223372036854775808");
  EXPECT_EQ(ToString(kText), "adam");
  EXPECT_EQ(ToString(true), "true");
  EXPECT_EQ(ToString(false), "false");
}

TEST(ParameterTest, DoubleRangeContainsItsEndsAndNothingOutside) {
  const ParameterDomain domain = DoubleDomain{0.5, 2};
  EXPECT_TRUE(Contains(domain, 0.5));
  EXPECT_TRUE(Contains(domain, 2.0));
  EXPECT_FALSE(Contains(domain, 0.49));
  EXPECT_FALSE(Contains(domain, 2.01));
  EXPECT_FALSE(Contains(domain, kNan));
  EXPECT_FALSE(Contains(domain, kInfinity));
}

TEST(ParameterTest, DoubleRangeMayContainZeroBesides) {
  const ParameterDomain domain = DoubleDomain{0.5, 2, Scale::kLog, true};
  EXPECT_TRUE(Contains(domain, 0.0));
  EXPECT_TRUE(Contains(domain, 0.5));
  EXPECT_FALSE(Contains(domain, 0.25));
  EXPECT_FALSE(Contains(domain, kNan));
}

TEST(ParameterTest, IntegerRangeContainsItsEndsAndNothingOutside) {
  const ParameterDomain domain = IntegerDomain{1, 4};
  EXPECT_TRUE(Contains(domain, int64_t{1}));
  EXPECT_TRUE(Contains(domain, int64_t{4}));
  EXPECT_FALSE(Contains(domain, int64_t{0}));
  EXPECT_FALSE(Contains(domain, int64_t{5}));
}

TEST(ParameterTest, ListsContainWhatTheyName) {
  EXPECT_TRUE(Contains(DiscreteDomain{{32, 64}}, 64.0));
  EXPECT_FALSE(Contains(DiscreteDomain{{32, 64}}, 48.0));
  EXPECT_FALSE(Contains(DiscreteDomain{{32, 64}}, kNan));
  EXPECT_TRUE(Contains(CategoricalDomain{{"adam", "sgd"}}, kText));
  EXPECT_FALSE(Contains(CategoricalDomain{{"adam", "sgd"}}, std::string("Adam")));
}

TEST(ParameterTest, BoolContainsBothAndConstantOne) {
  EXPECT_TRUE(Contains(BoolDomain{}, true));
  EXPECT_TRUE(Contains(BoolDomain{}, false));
  EXPECT_TRUE(Contains(ConstantDomain{kText}, kText));
  EXPECT_FALSE(Contains(ConstantDomain{kText}, std::string("sgd")));
}

TEST(ParameterTest, ValueOfAnotherTypeIsNotContained) {
  EXPECT_FALSE(Contains(DoubleDomain{0, 5}, kInteger));
  EXPECT_FALSE(Contains(IntegerDomain{0, 5}, 3.0));
  EXPECT_FALSE(Contains(DiscreteDomain{{3, 4}}, kInteger));
  EXPECT_FALSE(Contains(CategoricalDomain{{"true", "false"}}, true));
  EXPECT_FALSE(Contains(BoolDomain{}, std::string("true")));
  EXPECT_FALSE(Contains(BoolDomain{}, int64_t{1}));
  EXPECT_FALSE(Contains(ConstantDomain{kInteger}, 3.0));
}

}  // namespace
}  // namespace pegbox
