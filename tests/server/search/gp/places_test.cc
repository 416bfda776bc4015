#include "server/search/gp/places.h"

#include "gtest/gtest.h"
#include "tests/server/search/search_spaces.h"

namespace pegbox {
namespace {

using Kind = Observation::Kind;

TEST(PlacesTest, KnowsWhichTrialsArePendingAndTakesSuggestions) {
  const SearchSpace space = MakeSpace({Integer("layers", 1, 4)});
  const UnitCube cube(space);
  const std::vector<Observation> observations = {{1, {{"layers", int64_t{1}}}, Kind::kMeasured, 1},
                                                 {2, {{"layers", int64_t{2}}}, Kind::kPending, 0},
                                                 {3, {{"layers", int64_t{3}}}, Kind::kFailed, 0}};
  Places places(cube, observations);
  EXPECT_EQ(places.outcomes(), 2);
  EXPECT_EQ(places.pending().size(), 1);
  EXPECT_FALSE(places.taken().IsExhausted());
  places.Take({0.875});
  EXPECT_EQ(places.outcomes(), 2);
  EXPECT_EQ(places.pending().size(), 2);
  EXPECT_EQ(places.all().size(), 4);
  EXPECT_TRUE(places.taken().IsExhausted());
}

TEST(PlacesTest, NeighboursAreEqualInLevelsAndAlmostInNumbers) {
  const SearchSpace space =
      MakeSpace({Bool("on"), When(Double("x", 0, 1), "on", {true}), Double("y", 0, 1), ZeroOrLog("decay", 1e-6, 1)});
  const UnitCube cube(space);
  const auto is_neighbour = [&](bool on, double x, double y, double decay) {
    const std::vector<Observation> observations = {
        {1, {{"on", true}, {"x", 0.5}, {"y", 0.5}, {"decay", 0.0}}, Kind::kMeasured, 1},
        {2, {{"on", false}, {"y", 0.25}, {"decay", 1e-6}}, Kind::kPending, 0}};
    Assignment assignment = {{"on", on}, {"y", y}, {"decay", decay}};
    if (on) assignment["x"] = x;
    return Places(cube, observations).HasNeighbour(cube.Encode(assignment));
  };
  EXPECT_TRUE(is_neighbour(true, 0.50009, 0.49991, 0));
  EXPECT_FALSE(is_neighbour(true, 0.50011, 0.5, 0));
  EXPECT_FALSE(is_neighbour(true, 0.5, 0.5, 1e-6)) << "none is not the least";
  EXPECT_TRUE(is_neighbour(false, 0, 0.25, 1.0001e-6));
  EXPECT_FALSE(is_neighbour(false, 0, 0.5, 0));
}

}  // namespace
}  // namespace pegbox
