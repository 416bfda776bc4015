#include "server/search/taken_points.h"

#include <numbers>

#include "gtest/gtest.h"
#include "tests/server/search/search_spaces.h"

namespace pegbox {
namespace {

// Found on [0, pi], where the middle comes back from its value with another last bit.
TEST(TakenPointsTest, APointIsTakenThoughItsValueRoundsItsCoordinate) {
  const SearchSpace space = MakeSpace({Double("x", 0, std::numbers::pi), Double("y", 1e-5, 1, Scale::kLog),
                                       Double("z", 0.3, 0.9, Scale::kReverseLog)});
  const UnitCube cube(space);
  RandomStream random(1, 1, RandomPurpose::kRandomSearch);
  for (int i = 0; i < 200; ++i) {
    const UnitPoint point = i == 0 ? cube.Start() : RandomPoint(cube, random);
    const std::vector<Observation> observations = {{.parameters = cube.Decode(point)}};
    EXPECT_TRUE(TakenPoints(cube, observations).Contains(point)) << i;
  }
}

TEST(TakenPointsTest, FindsTheLastFreePointThoughProposalsAreInVain) {
  const SearchSpace space = MakeSpace({Integer("x", 1, 100), Bool("y")});
  const UnitCube cube(space);
  TakenPoints taken(cube, std::vector<Observation>());
  for (int i = 0; i < 200; ++i) {
    const auto point = taken.FindFree([&] { return cube.Start(); });
    ASSERT_TRUE(point.has_value());
    ASSERT_TRUE(taken.Take(*point));
  }
  EXPECT_TRUE(taken.IsExhausted());
  EXPECT_EQ(taken.FindFree([&] { return cube.Start(); }), std::nullopt);
}

}  // namespace
}  // namespace pegbox
