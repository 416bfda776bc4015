#include "tests/benchmarks/problems/search_problem.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tests/benchmarks/problems/bbob_functions.h"
#include "tests/benchmarks/problems/classic_functions.h"
#include "tests/benchmarks/problems/mixed_problems.h"
#include "tests/benchmarks/problems/problem_space.h"

namespace pegbox {
namespace {

constexpr double kPi = 3.141592653589793;

SearchProblem WithNoise(SearchProblem problem, double noise) {
  problem.noise = noise;
  return problem;
}

SearchProblem BraninProblem(uint64_t) { return Box({{-5, 10}, {0, 15}}, kBraninOptimum, Branin); }

SearchProblem RotatedEllipsoid6(uint64_t seed) {
  RandomStream random = ProblemRandom(seed + 1000);
  return ShiftedCube(6, -5, 5, 0, seed, [rotation = RandomRotation(6, random)](const Point& x) {
    return Ellipsoid(Rotate(rotation, x), 1e3);
  });
}

SearchProblem Hartmann6In(size_t dimensions) { return Cube(dimensions, 0, 1, kHartmann6Optimum, Hartmann6); }

// Trials with x0 + x1 above this fail: 30 % of the unit square. The objective is a bowl around a point beyond the
// border; on the border, where x0 + x1 = kBorder, lies the best value of a trial that does not fail.
const double kBorder = 2 - std::sqrt(0.6);

SearchProblem FailingCorner(uint64_t seed, bool fails) {
  RandomStream random = ProblemRandom(seed);
  const double best0 = 0.75 + 0.25 * random.Uniform(), best1 = 0.75 + 0.25 * random.Uniform();
  const Function bowl = [=](const Point& x) { return Square(x[0] - best0) + 2 * Square(x[1] - best1); };
  // With a Lagrange multiplier: (x0, x1) = (best0 - m, best1 - m / 2).
  const double multiplier = (best0 + best1 - kBorder) / 1.5;
  const double optimum = 1.5 * multiplier * multiplier;
  if (!fails) {
    return Cube(2, 0, 1, optimum, [=](const Point& x) {
      return x[0] + x[1] <= kBorder ? bowl(x) : bowl({kBorder - x[1], kBorder - x[0]});
    });
  }
  SearchProblem problem = Cube(2, 0, 1, optimum, bowl);
  problem.fails = [](const Assignment& a) {
    return std::get<double>(a.at(CoordinateName(0))) + std::get<double>(a.at(CoordinateName(1))) > kBorder;
  };
  return problem;
}

// A family whose problems are make(dimensions, seed).
SearchProblemFamily Family(std::string name, SearchProblem (*make)(size_t, uint64_t), size_t dimensions) {
  return {std::move(name), [make, dimensions](uint64_t seed) { return make(dimensions, seed); }};
}

}  // namespace

const std::vector<SearchProblemFamily>& TuningProblems() {
  static const auto* const kFamilies = new std::vector<SearchProblemFamily>{
      {"branin", BraninProblem},
      {"hartmann3", [](uint64_t) { return Cube(3, 0, 1, kHartmann3Optimum, Hartmann3); }},
      {"hartmann6", [](uint64_t) { return Hartmann6In(6); }},
      {"ackley5", [](uint64_t seed) { return ShiftedCube(5, -32.768, 32.768, 0, seed, Ackley); }},
      {"rosenbrock4", [](uint64_t) { return Cube(4, -2.048, 2.048, 0, Rosenbrock); }},
      {"levy8", [](uint64_t seed) { return ShiftedCube(8, -10, 10, 1, seed, Levy); }},
      {"rastrigin4", [](uint64_t seed) { return ShiftedCube(4, -5.12, 5.12, 0, seed, Rastrigin); }},
      {"styblinski_tang5", [](uint64_t) { return Cube(5, -5, 5, 5 * kStyblinskiTangOptimum, StyblinskiTang); }},
      {"ellipsoid6", RotatedEllipsoid6},
      {"michalewicz5", [](uint64_t) { return Cube(5, 0, kPi, kMichalewicz5Optimum, Michalewicz); }},
      {"svm2", SupportVectorMachine},
      {"nn8mix", NeuralNetwork},
      {"gbdt8mix", GradientBoosting},
      {"ackmix6", MixedAckley},
      {"hartmann6_in_20", [](uint64_t) { return Hartmann6In(20); }},
      {"ellipsoid20",
       [](uint64_t seed) { return ShiftedCube(20, -5, 5, 0, seed, [](const Point& x) { return Ellipsoid(x, 100); }); }},
      {"hartmann6_noisy", [](uint64_t) { return WithNoise(Hartmann6In(6), 0.15); }},
      {"nn8mix_noisy", [](uint64_t seed) { return WithNoise(NeuralNetwork(seed), 0.03); }},
      {"steps5", [](uint64_t seed) { return ShiftedCube(5, -5, 5, 0, seed, Steps); }},
      {"schwefel4", [](uint64_t) { return Cube(4, -500, 500, 0, Schwefel); }},
      {"griewank_rosenbrock6", [](uint64_t seed) { return ShiftedCube(6, -5, 5, 1, seed, GriewankRosenbrock); }},
      {"branin_noisy", [](uint64_t seed) { return WithNoise(BraninProblem(seed), 3); }},
  };
  return *kFamilies;
}

const std::vector<SearchProblemFamily>& HeldOutProblems() {
  static const auto* const kFamilies = new std::vector<SearchProblemFamily>{
      Family("bbob_sphere8", BbobSphere, 8),
      Family("bbob_ellipsoid8", BbobEllipsoid, 8),
      Family("bbob_rastrigin5", BbobRastrigin, 5),
      Family("bbob_attractive_sector6", BbobAttractiveSector, 6),
      Family("bbob_step_ellipsoid5", BbobStepEllipsoid, 5),
      Family("bbob_rosenbrock6", BbobRosenbrock, 6),
      Family("bbob_sharp_ridge6", BbobSharpRidge, 6),
      Family("bbob_different_powers6", BbobDifferentPowers, 6),
      Family("bbob_weierstrass4", BbobWeierstrass, 4),
      Family("bbob_schaffers4", BbobSchaffersF7, 4),
      Family("bbob_gallagher4", BbobGallagher21, 4),
      Family("bbob_katsuura3", BbobKatsuura, 3),
      Family("bbob_lunacek4", BbobLunacek, 4),
      {"bbob_sphere5_noisy", [](uint64_t seed) { return WithNoise(BbobSphere(5, seed), 1); }},
      {"conditional_network10", ConditionalNetwork},
      {"conditional_kernel5", ConditionalKernel},
      {"mixed_integer6", MixedIntegerEllipsoid},
  };
  return *kFamilies;
}

const std::vector<SearchProblemFamily>& FailingProblems() {
  static const auto* const kFamilies = new std::vector<SearchProblemFamily>{
      {"failing", [](uint64_t seed) { return FailingCorner(seed, true); }},
      {"failing_free", [](uint64_t seed) { return FailingCorner(seed, false); }},
  };
  return *kFamilies;
}

const SearchProblemFamily* FindProblem(absl::string_view name) {
  for (const auto* families : {&TuningProblems(), &HeldOutProblems(), &FailingProblems()}) {
    for (const SearchProblemFamily& family : *families) {
      if (family.name == name) return &family;
    }
  }
  return nullptr;
}

std::optional<double> Report(const SearchProblem& problem, uint64_t seed, int64_t trial_number,
                             const Assignment& parameters) {
  if (problem.fails && problem.fails(parameters)) return std::nullopt;
  RandomStream random(MixSeed(seed, static_cast<uint64_t>(trial_number)), 1, RandomPurpose::kSimulation);
  return problem.evaluate(parameters) + problem.noise * random.Normal();
}

}  // namespace pegbox
