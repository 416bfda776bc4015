#include "server/search/random_stream.h"

#include <cmath>

#include "gtest/gtest.h"

namespace pegbox {
namespace {

TEST(RandomStreamTest, StreamsOfAnySeedNumberOrPurposeDiffer) {
  const uint64_t first = RandomStream(0, 1, RandomPurpose::kRandomSearch).Next();
  EXPECT_EQ(RandomStream(0, 1, RandomPurpose::kRandomSearch).Next(), first);
  EXPECT_NE(RandomStream(1, 0, RandomPurpose::kRandomSearch).Next(), first);
  EXPECT_NE(RandomStream(0, 2, RandomPurpose::kRandomSearch).Next(), first);
  EXPECT_NE(RandomStream(0, 1, RandomPurpose::kAcquisition).Next(), first);
}

TEST(RandomStreamTest, DistributionsHaveTheirMoments) {
  constexpr int kDraws = 200000;
  RandomStream random(3, 4, RandomPurpose::kRandomSearch);
  double uniform = 0, normal = 0, square = 0, gumbel = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = random.Uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    const double z = random.Normal();
    uniform += u / kDraws;
    normal += z / kDraws;
    square += z * z / kDraws;
    gumbel += random.Gumbel() / kDraws;
  }
  EXPECT_NEAR(uniform, 0.5, 0.005);
  EXPECT_NEAR(normal, 0, 0.01);
  EXPECT_NEAR(square, 1, 0.02);
  EXPECT_NEAR(gumbel, 0.5772, 0.015);
}

TEST(RandomStreamTest, BelowReachesEveryNumber) {
  RandomStream random(5, 6, RandomPurpose::kRandomSearch);
  int counts[3] = {};
  for (int i = 0; i < 30000; ++i) ++counts[random.Below(3)];
  for (int count : counts) EXPECT_NEAR(count, 10000, 400);
}

}  // namespace
}  // namespace pegbox
