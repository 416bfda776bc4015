#include "tests/benchmarks/problems/problem_space.h"

#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace pegbox {

std::string CoordinateName(size_t i) { return absl::StrCat("x", i); }

SearchSpace MakeSpace(std::vector<Parameter> parameters) { return SearchSpace::Create(std::move(parameters)).value(); }

SearchProblem Box(const std::vector<std::pair<double, double>>& ranges, double optimum, Function function) {
  std::vector<Parameter> parameters;
  for (size_t i = 0; i < ranges.size(); ++i) {
    parameters.push_back({.name = CoordinateName(i), .domain = DoubleDomain{ranges[i].first, ranges[i].second}});
  }
  const size_t dimensions = ranges.size();
  return {.space = MakeSpace(std::move(parameters)),
          .evaluate =
              [dimensions, function](const Assignment& assignment) {
                Point x(dimensions);
                for (size_t i = 0; i < dimensions; ++i) x[i] = std::get<double>(assignment.at(CoordinateName(i)));
                return function(x);
              },
          .optimum = optimum};
}

SearchProblem Cube(size_t dimensions, double low, double high, double optimum, Function function) {
  return Box(std::vector<std::pair<double, double>>(dimensions, {low, high}), optimum, std::move(function));
}

SearchProblem ShiftedCube(size_t dimensions, double low, double high, double minimum_at, uint64_t seed,
                          Function function) {
  RandomStream random = ProblemRandom(seed);
  Point shift(dimensions);
  for (double& s : shift) s = low + (high - low) * (0.2 + 0.6 * random.Uniform()) - minimum_at;
  return Cube(dimensions, low, high, 0, [shift, function](const Point& x) {
    Point moved(x.size());
    for (size_t i = 0; i < x.size(); ++i) moved[i] = x[i] - shift[i];
    return function(moved);
  });
}

// By the orthogonalization of Gram and Schmidt.
Rotation RandomRotation(size_t dimensions, RandomStream& random) {
  Rotation axes;
  while (axes.size() < dimensions) {
    Point axis(dimensions);
    for (double& u : axis) u = random.Normal();
    for (const Point& other : axes) {
      const double along = std::inner_product(axis.begin(), axis.end(), other.begin(), 0.0);
      for (size_t i = 0; i < dimensions; ++i) axis[i] -= along * other[i];
    }
    const double length = std::sqrt(std::inner_product(axis.begin(), axis.end(), axis.begin(), 0.0));
    for (double& u : axis) u /= length;
    axes.push_back(axis);
  }
  return axes;
}

Point Rotate(const Rotation& rotation, const Point& x) {
  Point rotated(rotation.size());
  for (size_t i = 0; i < rotation.size(); ++i) {
    rotated[i] = std::inner_product(x.begin(), x.end(), rotation[i].begin(), 0.0);
  }
  return rotated;
}

}  // namespace pegbox
