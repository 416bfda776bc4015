#include "server/search/unit_cube.h"

#include <cmath>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/search/random_stream.h"
#include "server/search/taken_points.h"
#include "tests/server/search/search_spaces.h"

namespace pegbox {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

TEST(UnitCubeTest, ScalesPutTheirOwnMiddleAtOneHalf) {
  const SearchSpace space = MakeSpace({Double("linear", 2, 4), Double("log", 1e-4, 1e-2, Scale::kLog),
                                       Double("reverse_log", 0.01, 1, Scale::kReverseLog), Integer("integer", 0, 4),
                                       Integer("log_integer", 1, 100, Scale::kLog)});
  const Assignment middle = UnitCube(space).Decode(UnitPoint(5, 0.5));
  EXPECT_DOUBLE_EQ(std::get<double>(middle.at("linear")), 3);
  EXPECT_DOUBLE_EQ(std::get<double>(middle.at("log")), 1e-3);
  EXPECT_DOUBLE_EQ(std::get<double>(middle.at("reverse_log")), 1.01 - 0.1);
  EXPECT_EQ(std::get<int64_t>(middle.at("integer")), 2);
  EXPECT_EQ(std::get<int64_t>(middle.at("log_integer")), 7);  // sqrt(0.5 * 100.5)
}

TEST(UnitCubeTest, LevelsStandInTheMiddleOfTheirCells) {
  const SearchSpace space = MakeSpace({Integer("integer", -1, 2), Integer("log", 1, 3, Scale::kLog),
                                       Discrete("discrete", {1, 10}), Categorical("category", {"a", "b", "c"})});
  const UnitPoint point = UnitCube(space).Encode(
      {{"integer", int64_t{2}}, {"log", int64_t{2}}, {"discrete", 10.0}, {"category", std::string("b")}});
  EXPECT_THAT(point, ElementsAre(0.875, DoubleNear(std::log(4) / std::log(7), 1e-15), 0.75, 0.5));
}

TEST(UnitCubeTest, ZeroTakesTheFirstTenthOfItsAxis) {
  const SearchSpace space = MakeSpace({ZeroOrLog("weight_decay", 1e-6, 1)});
  const UnitCube cube(space);
  const auto value = [&](double u) { return std::get<double>(cube.Decode({u}).at("weight_decay")); };
  EXPECT_EQ(value(0), 0);
  EXPECT_EQ(value(0.0999), 0);
  EXPECT_EQ(value(0.1), 1e-6);
  EXPECT_DOUBLE_EQ(value(0.55), 1e-3);
  EXPECT_EQ(value(1), 1);
  for (double x : {0.0, 1e-6, 1e-3, 1.0}) {
    const UnitPoint point = cube.Encode({{"weight_decay", x}});
    EXPECT_DOUBLE_EQ(std::get<double>(cube.Decode(point).at("weight_decay")), x);
    UnitPoint snapped = point;
    cube.Snap(snapped);
    EXPECT_EQ(snapped, point) << x;
  }
}

TEST(UnitCubeTest, EndsOfTheCubeAreEndsOfTheRanges) {
  const SearchSpace space =
      MakeSpace({Double("linear", -8e307, 8e307), Double("log", 1e-300, 1e300, Scale::kLog),
                 Double("reverse_log", 0.1, 0.7, Scale::kReverseLog), Integer("integer", -(1LL << 53), 1LL << 53),
                 Integer("log_integer", 1, 1LL << 53, Scale::kLog)});
  const UnitCube cube(space);
  EXPECT_EQ(cube.Decode(UnitPoint(5, 0.0)), (Assignment{{"linear", -8e307},
                                                        {"log", 1e-300},
                                                        {"reverse_log", 0.1},
                                                        {"integer", -(int64_t{1} << 53)},
                                                        {"log_integer", int64_t{1}}}));
  EXPECT_EQ(cube.Decode(UnitPoint(5, 1.0)), (Assignment{{"linear", 8e307},
                                                        {"log", 1e300},
                                                        {"reverse_log", 0.7},
                                                        {"integer", int64_t{1} << 53},
                                                        {"log_integer", int64_t{1} << 53}}));
}

TEST(UnitCubeTest, RandomPointsOfAllKindsRoundTrip) {
  const SearchSpace space = SpaceOfAllKinds();
  const UnitCube cube(space);
  RandomStream random(1, 2, RandomPurpose::kRandomSearch);
  for (int i = 0; i < 500; ++i) {
    const UnitPoint point = RandomPoint(cube, random);
    const Assignment assignment = cube.Decode(point);
    ASSERT_TRUE(space.Validate(assignment).ok()) << space.Validate(assignment);
    const UnitPoint back = cube.Encode(assignment);
    ASSERT_EQ(back.size(), point.size());
    for (size_t axis = 0; axis < point.size(); ++axis) {
      const bool is_level = cube.axes()[axis].kind != Axis::Kind::kContinuous;
      ASSERT_NEAR(back[axis], point[axis], is_level ? 0 : 1e-12) << space.parameters()[axis].name;
    }
  }
}

TEST(UnitCubeTest, EveryLevelOfLogIntegersRoundTrips) {
  const SearchSpace space = MakeSpace({Integer("width", 3, 5000, Scale::kLog)});
  const UnitCube cube(space);
  for (int64_t level = 0; level < cube.axes()[0].levels; ++level) {
    ASSERT_EQ(cube.Level(0, cube.Coordinate(0, level)), level);
  }
}

TEST(UnitCubeTest, InactiveParametersHaveNoValue) {
  const SearchSpace space = SpaceOfAllKinds();
  const UnitCube cube(space);
  Assignment assignment = cube.Decode(cube.Start());
  EXPECT_EQ(assignment.at("optimizer"), ParameterValue(std::string("sgd")));
  EXPECT_TRUE(assignment.contains("momentum"));
  EXPECT_FALSE(assignment.contains("warmup")) << "nesterov is false";
  EXPECT_FALSE(assignment.contains("flip"));

  assignment = cube.Decode(UnitPoint(cube.axes().size(), 0.99));
  EXPECT_EQ(assignment.at("optimizer"), ParameterValue(std::string("lion")));
  EXPECT_FALSE(assignment.contains("momentum"));
  EXPECT_FALSE(assignment.contains("warmup")) << "a grandchild is inactive with its grandparent";
  EXPECT_TRUE(assignment.contains("flip_axis")) << "active through a constant";
}

TEST(UnitCubeTest, StartTakesDefaultsAndElseTheMiddle) {
  Parameter rate = Double("rate", 1e-4, 1, Scale::kLog);
  rate.default_value = 1e-3;
  Parameter optimizer = Categorical("optimizer", {"a", "b", "c"});
  optimizer.default_value = std::string("c");
  const SearchSpace space = MakeSpace({rate, optimizer, Double("dropout", 0, 1), Integer("layers", 1, 5)});
  const Assignment start = UnitCube(space).Decode(UnitCube(space).Start());
  EXPECT_EQ(start.at("rate"), ParameterValue(1e-3)) << "to the last bit, though it went through logarithms";
  EXPECT_EQ(start.at("optimizer"), ParameterValue(std::string("c")));
  EXPECT_EQ(start.at("dropout"), ParameterValue(0.5));
  EXPECT_EQ(start.at("layers"), ParameterValue(int64_t{3}));
}

TEST(UnitCubeTest, AdvanceVisitsEveryAssignmentOnce) {
  const SearchSpace space = MakeSpace({Categorical("optimizer", {"sgd", "adam"}), Integer("layers", 1, 3),
                                       When(Bool("nesterov"), "optimizer", {std::string("sgd")}),
                                       When(Discrete("decay", {1, 2, 3}), "nesterov", {true})});
  const int64_t count = 3 * (1 + 1 + 3);
  ASSERT_EQ(space.CountAssignments(1000), count);
  const UnitCube cube(space);
  UnitPoint point = cube.Start();
  const UnitPoint start = point;
  std::set<Assignment> visited;
  for (int64_t i = 0; i < count; ++i) {
    EXPECT_TRUE(visited.insert(cube.Decode(point)).second);
    cube.Advance(point);
  }
  EXPECT_EQ(point, start);
}

}  // namespace
}  // namespace pegbox
