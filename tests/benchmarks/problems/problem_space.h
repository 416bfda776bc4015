// What the problems are built from: points, boxes, shifts and rotations.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "server/search/random_stream.h"
#include "tests/benchmarks/problems/search_problem.h"

namespace pegbox {

using Point = std::vector<double>;
using Function = std::function<double(const Point&)>;

inline double Square(double x) { return x * x; }

// Of the shifts and rotations that belong to a seed.
inline RandomStream ProblemRandom(uint64_t seed) { return RandomStream(seed, 0, RandomPurpose::kSimulation); }

// "x0", "x1", ...
std::string CoordinateName(size_t i);

SearchSpace MakeSpace(std::vector<Parameter> parameters);

// A function of doubles over a box.
SearchProblem Box(const std::vector<std::pair<double, double>>& ranges, double optimum, Function function);
// Over [low, high]^dimensions.
SearchProblem Cube(size_t dimensions, double low, double high, double optimum, Function function);
// function(x - shift), where the minimum of `function`, 0 at (minimum_at, ..., minimum_at), comes to lie anywhere in
// the inner 60 % of the box.
SearchProblem ShiftedCube(size_t dimensions, double low, double high, double minimum_at, uint64_t seed,
                          Function function);

// Rows of a random orthogonal matrix.
using Rotation = std::vector<Point>;
Rotation RandomRotation(size_t dimensions, RandomStream& random);
Point Rotate(const Rotation& rotation, const Point& x);

}  // namespace pegbox
