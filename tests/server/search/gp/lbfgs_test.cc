#include "server/search/gp/lbfgs.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace pegbox {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <typename F>
int Minimize(Lbfgs& search, F&& evaluate) {
  int evaluations = 0;
  std::vector<double> gradient(search.candidate().size());
  while (!search.is_done()) {
    const double value = evaluate(search.candidate(), gradient);
    search.Tell(value, gradient);
    ++evaluations;
  }
  return evaluations;
}

double Rosenbrock(const std::vector<double>& x, std::vector<double>& gradient) {
  const double a = x[1] - x[0] * x[0], b = 1 - x[0];
  gradient = {-400 * x[0] * a - 2 * b, 200 * a};
  return 100 * a * a + b * b;
}

const Lbfgs::Options kExact{.max_iterations = 200, .gradient_tolerance = 1e-8, .value_tolerance = 0};

TEST(LbfgsTest, FollowsACurvedValley) {
  Lbfgs search({-1.2, 1}, {-5, -5}, {5, 5}, kExact);
  const int evaluations = Minimize(search, Rosenbrock);
  EXPECT_NEAR(search.point()[0], 1, 1e-5);
  EXPECT_NEAR(search.point()[1], 1, 1e-5);
  EXPECT_LT(evaluations, 80);
}

TEST(LbfgsTest, StaysWithinBoundsAndEndsOnThem) {
  Lbfgs search({-1, 0.3}, {-2, -2}, {0.5, 2}, kExact);
  Minimize(search, [](const std::vector<double>& x, std::vector<double>& gradient) {
    EXPECT_LE(x[0], 0.5);
    EXPECT_GE(x[0], -2);
    return Rosenbrock(x, gradient);
  });
  EXPECT_EQ(search.point()[0], 0.5);
  EXPECT_NEAR(search.point()[1], 0.25, 1e-6) << "the least of what is left";
}

TEST(LbfgsTest, BacksAwayFromValuesThatAreNotFinite) {
  Lbfgs search({2}, {-10}, {10},
               {.max_iterations = 100, .gradient_tolerance = 1e-8, .value_tolerance = 0, .first_step = 9});
  Minimize(search, [](const std::vector<double>& x, std::vector<double>& gradient) {
    if (x[0] < 0.5) return gradient[0] = std::nan("");
    gradient[0] = 2 * (x[0] - 1);
    return (x[0] - 1) * (x[0] - 1);
  });
  EXPECT_NEAR(search.point()[0], 1, 1e-6);
}

TEST(LbfgsTest, NeverEndsWorseThanItBegan) {
  Lbfgs search({0}, {-1}, {1}, kExact);
  int calls = 0;
  const int evaluations = Minimize(search, [&](const std::vector<double>&, std::vector<double>& gradient) {
    gradient[0] = 1;  // a lie: the function grows in every direction
    return static_cast<double>(calls++);
  });
  EXPECT_EQ(search.point()[0], 0);
  EXPECT_EQ(search.value(), 0);
  EXPECT_LE(evaluations, 14);
}

TEST(LbfgsTest, GivesUpWhereTheStartIsNotFinite) {
  Lbfgs search({0.25}, {-1}, {1}, kExact);
  EXPECT_EQ(Minimize(search, [](const auto&, std::vector<double>&) { return kInfinity; }), 1);
  EXPECT_EQ(search.point()[0], 0.25);
  EXPECT_EQ(search.value(), kInfinity);
  EXPECT_TRUE(Lbfgs({}, {}, {}, kExact).is_done());
}

}  // namespace
}  // namespace pegbox
