#include "tests/benchmarks/problems/search_problem.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/search/random_stream.h"
#include "server/search/taken_points.h"
#include "server/search/unit_cube.h"

namespace pegbox {
namespace {

using testing::Ge;
using testing::Le;

std::vector<SearchProblemFamily> AllFamilies() {
  std::vector<SearchProblemFamily> all;
  for (const auto* families : {&TuningProblems(), &HeldOutProblems(), &FailingProblems()}) {
    all.insert(all.end(), families->begin(), families->end());
  }
  return all;
}

// The least gap that a (1+1) evolution strategy with the one-fifth rule finds, from the best of 200 random points. Not
// a good search, but no point that it visits may be better than the optimum.
double LeastGap(const SearchProblem& problem, int evaluations) {
  const UnitCube cube(problem.space);
  RandomStream random(1, 2, RandomPurpose::kSimulation);
  const auto gap = [&](const UnitPoint& point) {
    const Assignment assignment = cube.Decode(point);
    if (problem.fails && problem.fails(assignment)) return HUGE_VAL;
    return problem.evaluate(assignment) - problem.optimum;
  };
  UnitPoint best = RandomPoint(cube, random);
  double best_gap = gap(best), step = 0.1;
  for (int i = 0; i < evaluations; ++i) {
    UnitPoint point = i < 200 ? RandomPoint(cube, random) : best;
    if (i >= 200) {
      for (double& u : point) {
        if (u != kInactive) u = std::clamp(u + step * random.Normal(), 0.0, 1.0);
      }
    }
    cube.Snap(point);
    const double new_gap = gap(point);
    const bool is_better = new_gap < best_gap;
    if (i >= 200) step *= is_better ? 1.5 : 0.9;
    if (!is_better) continue;
    best = point;
    best_gap = new_gap;
  }
  return best_gap;
}

TEST(SearchProblemTest, TwentyTwoProblemsAreForTuningAndAtLeastTwelveAreHeldOut) {
  EXPECT_EQ(TuningProblems().size(), 22u);
  EXPECT_THAT(HeldOutProblems().size(), Ge(12u));
  std::set<std::string> names;
  for (const SearchProblemFamily& family : AllFamilies()) {
    EXPECT_TRUE(names.insert(family.name).second) << family.name;
    EXPECT_EQ(FindProblem(family.name)->name, family.name);
  }
  EXPECT_EQ(FindProblem("none"), nullptr);
}

TEST(SearchProblemTest, NoPointIsBetterThanTheOptimum) {
  for (const SearchProblemFamily& family : AllFamilies()) {
    for (uint64_t seed = 0; seed < 3; ++seed) {
      EXPECT_THAT(LeastGap(family.make(seed), 1500), Ge(-1e-9)) << family.name << " seed " << seed;
    }
  }
}

TEST(SearchProblemTest, TheOptimumIsReached) {
  for (const char* name : {"branin", "hartmann3", "ellipsoid6", "svm2", "bbob_sphere8", "bbob_different_powers6",
                           "bbob_attractive_sector6", "bbob_sphere5_noisy", "failing_free"}) {
    for (uint64_t seed = 0; seed < 3; ++seed) {
      const double gap = LeastGap(FindProblem(name)->make(seed), 20'000);
      EXPECT_THAT(gap, Le(1e-2)) << name << " seed " << seed;
    }
  }
}

TEST(SearchProblemTest, SeedsMoveTheOptimumButNotTheSpace) {
  for (const char* name : {"ackley5", "nn8mix", "bbob_gallagher4", "conditional_network10"}) {
    const SearchProblem one = FindProblem(name)->make(1), two = FindProblem(name)->make(2);
    EXPECT_EQ(one.space, two.space);
    const Assignment start = UnitCube(one.space).Decode(UnitCube(one.space).Start());
    EXPECT_NE(one.evaluate(start), two.evaluate(start)) << name;
    EXPECT_EQ(one.evaluate(start), FindProblem(name)->make(1).evaluate(start)) << name;
  }
}

TEST(SearchProblemTest, NoiseFollowsTheTrialsNumberAndHasItsStandardDeviation) {
  const SearchProblem problem = FindProblem("branin_noisy")->make(0);
  const Assignment start = UnitCube(problem.space).Decode(UnitCube(problem.space).Start());
  EXPECT_EQ(Report(problem, 5, 7, start), Report(problem, 5, 7, start));
  EXPECT_NE(Report(problem, 5, 7, start), Report(problem, 6, 7, start));
  double squares = 0;
  constexpr int kTrials = 4000;
  for (int trial = 0; trial < kTrials; ++trial) {
    squares += std::pow(*Report(problem, 5, trial, start) - problem.evaluate(start), 2);
  }
  EXPECT_NEAR(std::sqrt(squares / kTrials), 3, 0.15);
}

TEST(SearchProblemTest, ThirtyPercentOfTheFailingSpaceFails) {
  const SearchProblem problem = FindProblem("failing")->make(0);
  const UnitCube cube(problem.space);
  RandomStream random(0, 0, RandomPurpose::kSimulation);
  int failures = 0;
  constexpr int kPoints = 20'000;
  for (int i = 0; i < kPoints; ++i) {
    const Assignment point = cube.Decode(RandomPoint(cube, random));
    failures += problem.fails(point);
    EXPECT_EQ(Report(problem, 0, 1, point).has_value(), !problem.fails(point));
  }
  EXPECT_NEAR(static_cast<double>(failures) / kPoints, 0.3, 0.02);
}

}  // namespace
}  // namespace pegbox
