#include "tests/benchmarks/problems/bbob_functions.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include "tests/benchmarks/problems/problem_space.h"

namespace pegbox {
namespace {

constexpr double kPi = std::numbers::pi;

// i / (d - 1), from 0 to 1 over the coordinates.
double Place(size_t i, size_t dimensions) { return static_cast<double>(i) / static_cast<double>(dimensions - 1); }

// Lambda^condition: coordinate i times condition^(0.5 i / (d - 1)).
Point Stretch(Point x, double condition) {
  for (size_t i = 0; i < x.size(); ++i) x[i] *= std::pow(condition, 0.5 * Place(i, x.size()));
  return x;
}

// T_osz: small smooth irregularities.
double Oscillate(double x) {
  if (x == 0) return 0;
  const double log_x = std::log(std::abs(x));
  const double c1 = x > 0 ? 10 : 5.5, c2 = x > 0 ? 7.9 : 3.1;
  return std::copysign(std::exp(log_x + 0.049 * (std::sin(c1 * log_x) + std::sin(c2 * log_x))), x);
}

Point Oscillate(Point x) {
  for (double& u : x) u = Oscillate(u);
  return x;
}

// T_asy^beta: breaks the symmetry of the positive half.
Point Asymmetric(Point x, double beta) {
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i] > 0) x[i] = std::pow(x[i], 1 + beta * Place(i, x.size()) * std::sqrt(x[i]));
  }
  return x;
}

// What every function has of its seed: an optimum in [-4, 4]^d and two rotations, R and Q.
struct Instance {
  Instance(size_t dimensions, uint64_t seed) : random(ProblemRandom(seed)), optimum(dimensions) {
    for (double& u : optimum) u = -4 + 8 * random.Uniform();
    r = RandomRotation(dimensions, random);
    q = RandomRotation(dimensions, random);
  }

  Point FromOptimum(const Point& x) const {
    Point moved(x.size());
    for (size_t i = 0; i < x.size(); ++i) moved[i] = x[i] - optimum[i];
    return moved;
  }

  // R (x - optimum)
  Point Rotated(const Point& x) const { return Rotate(r, FromOptimum(x)); }

  RandomStream random;
  Point optimum;
  Rotation r, q;
};

SearchProblem OnBox(size_t dimensions, Function function) { return Cube(dimensions, -5, 5, 0, std::move(function)); }

double SumOfSquares(const Point& x) { return std::inner_product(x.begin(), x.end(), x.begin(), 0.0); }

}  // namespace

SearchProblem BbobSphere(size_t dimensions, uint64_t seed) {
  return OnBox(dimensions, [f = Instance(dimensions, seed)](const Point& x) { return SumOfSquares(f.FromOptimum(x)); });
}

SearchProblem BbobAttractiveSector(size_t dimensions, uint64_t seed) {
  return OnBox(dimensions, [f = Instance(dimensions, seed)](const Point& x) {
    const Point z = Rotate(f.q, Stretch(f.Rotated(x), 10));
    double sum = 0;
    for (size_t i = 0; i < z.size(); ++i) sum += Square(z[i] * f.optimum[i] > 0 ? 100 * z[i] : z[i]);
    return std::pow(Oscillate(sum), 0.9);
  });
}

SearchProblem BbobStepEllipsoid(size_t dimensions, uint64_t seed) {
  return OnBox(dimensions, [f = Instance(dimensions, seed)](const Point& x) {
    Point z = Stretch(f.Rotated(x), 10);
    const double slope = std::abs(z[0]) * 1e-4;
    for (double& u : z) u = std::abs(u) > 0.5 ? std::floor(0.5 + u) : std::floor(0.5 + 10 * u) / 10;
    z = Rotate(f.q, z);
    double sum = 0;
    for (size_t i = 0; i < z.size(); ++i) sum += std::pow(100, Place(i, z.size())) * z[i] * z[i];
    return 0.1 * std::max(slope, sum);
  });
}

SearchProblem BbobRosenbrock(size_t dimensions, uint64_t seed) {
  return OnBox(dimensions, [f = Instance(dimensions, seed)](const Point& x) {
    Point z = Rotate(f.r, x);
    const double scale = std::max(1.0, std::sqrt(static_cast<double>(z.size())) / 8);
    for (double& u : z) u = scale * u + 0.5;
    double sum = 0;
    for (size_t i = 0; i + 1 < z.size(); ++i) sum += 100 * Square(z[i] * z[i] - z[i + 1]) + Square(z[i] - 1);
    return sum;
  });
}

SearchProblem BbobEllipsoid(size_t dimensions, uint64_t seed) {
  return OnBox(dimensions, [f = Instance(dimensions, seed)](const Point& x) {
    return SumOfSquares(Stretch(Oscillate(f.Rotated(x)), 1e6));
  });
}

SearchProblem BbobSharpRidge(size_t dimensions, uint64_t seed) {
  return OnBox(dimensions, [f = Instance(dimensions, seed)](const Point& x) {
    const Point z = Rotate(f.q, Stretch(f.Rotated(x), 10));
    return z[0] * z[0] + 100 * std::sqrt(SumOfSquares(z) - z[0] * z[0]);
  });
}

SearchProblem BbobDifferentPowers(size_t dimensions, uint64_t seed) {
  return OnBox(dimensions, [f = Instance(dimensions, seed)](const Point& x) {
    const Point z = f.Rotated(x);
    double sum = 0;
    for (size_t i = 0; i < z.size(); ++i) sum += std::pow(std::abs(z[i]), 2 + 4 * Place(i, z.size()));
    return std::sqrt(sum);
  });
}

SearchProblem BbobRastrigin(size_t dimensions, uint64_t seed) {
  return OnBox(dimensions, [f = Instance(dimensions, seed)](const Point& x) {
    const Point z = Rotate(f.r, Stretch(Rotate(f.q, Asymmetric(Oscillate(f.Rotated(x)), 0.2)), 10));
    double sum = SumOfSquares(z);
    for (double u : z) sum += 10 - 10 * std::cos(2 * kPi * u);
    return sum;
  });
}

SearchProblem BbobWeierstrass(size_t dimensions, uint64_t seed) {
  const auto series = [](double u) {
    double sum = 0;
    for (int k = 0; k < 12; ++k) sum += std::ldexp(std::cos(2 * kPi * std::pow(3, k) * (u + 0.5)), -k);
    return sum;
  };
  return OnBox(dimensions, [f = Instance(dimensions, seed), series, least = series(0)](const Point& x) {
    const Point z = Rotate(f.r, Stretch(Rotate(f.q, Oscillate(f.Rotated(x))), 0.01));
    double sum = 0;
    for (double u : z) sum += series(u) - least;
    return 10 * std::pow(std::max(sum / static_cast<double>(z.size()), 0.0), 3);
  });
}

SearchProblem BbobSchaffersF7(size_t dimensions, uint64_t seed) {
  return OnBox(dimensions, [f = Instance(dimensions, seed)](const Point& x) {
    const Point z = Stretch(Rotate(f.q, Asymmetric(f.Rotated(x), 0.5)), 10);
    double sum = 0;
    for (size_t i = 0; i + 1 < z.size(); ++i) {
      const double s = std::hypot(z[i], z[i + 1]);
      sum += std::sqrt(s) * (1 + Square(std::sin(50 * std::pow(s, 0.2))));
    }
    return Square(sum / static_cast<double>(z.size() - 1));
  });
}

SearchProblem BbobGallagher21(size_t dimensions, uint64_t seed) {
  constexpr size_t kPeaks = 21;
  struct Peak {
    Point at;       // rotated
    Point weights;  // diagonal of C
    double height;
  };
  Instance f(dimensions, seed);
  // Conditions of the peaks but the first: 1000^(2 j / 19), in random order.
  std::vector<double> conditions(kPeaks - 1);
  for (size_t j = 0; j < conditions.size(); ++j) conditions[j] = std::pow(1000, 2 * Place(j, conditions.size()));
  const auto shuffle = [&](Point& values) {
    for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[f.random.Below(i)]);
  };
  shuffle(conditions);
  std::vector<Peak> peaks;
  for (size_t i = 0; i < kPeaks; ++i) {
    const double range = i == 0 ? 3.92 : 4.9;
    Point at(dimensions);
    for (double& u : at) u = range * (2 * f.random.Uniform() - 1);
    const double condition = i == 0 ? 1e6 : conditions[i - 1];
    Point weights(dimensions);
    for (size_t j = 0; j < dimensions; ++j) {
      weights[j] = std::pow(condition, 0.5 * Place(j, dimensions)) / std::pow(condition, 0.25);
    }
    shuffle(weights);
    const double height = i == 0 ? 10 : 1.1 + 8 * static_cast<double>(i - 1) / (kPeaks - 2);
    peaks.push_back({Rotate(f.r, at), std::move(weights), height});
  }
  return OnBox(dimensions, [peaks, r = f.r](const Point& x) {
    const Point rotated = Rotate(r, x);
    double highest = 0;
    for (const Peak& peak : peaks) {
      double distance = 0;
      for (size_t j = 0; j < rotated.size(); ++j) distance += peak.weights[j] * Square(rotated[j] - peak.at[j]);
      highest = std::max(highest, peak.height * std::exp(-distance / (2 * static_cast<double>(rotated.size()))));
    }
    return Square(Oscillate(10 - highest));
  });
}

SearchProblem BbobKatsuura(size_t dimensions, uint64_t seed) {
  return OnBox(dimensions, [f = Instance(dimensions, seed)](const Point& x) {
    const Point z = Rotate(f.q, Stretch(f.Rotated(x), 100));
    const double d = static_cast<double>(z.size());
    double product = 1;
    for (size_t i = 0; i < z.size(); ++i) {
      double sum = 0;
      for (int j = 1; j <= 32; ++j) {
        const double doubled = std::ldexp(z[i], j);
        sum += std::ldexp(std::abs(doubled - std::round(doubled)), -j);
      }
      product *= std::pow(1 + static_cast<double>(i + 1) * sum, 10 / std::pow(d, 1.2));
    }
    return 10 / (d * d) * (product - 1);
  });
}

SearchProblem BbobLunacek(size_t dimensions, uint64_t seed) {
  constexpr double kNear = 2.5;
  return OnBox(dimensions, [f = Instance(dimensions, seed)](const Point& x) {
    const double d = static_cast<double>(x.size());
    const double s = 1 - 1 / (2 * std::sqrt(d + 20) - 8.2);
    const double far = -std::sqrt((kNear * kNear - 1) / s);
    // The optimum lies at +-1.25, with the signs of the instance.
    double near_sum = 0, far_sum = 0;
    Point z(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      const double mirrored = f.optimum[i] > 0 ? 2 * x[i] : -2 * x[i];
      near_sum += Square(mirrored - kNear);
      far_sum += Square(mirrored - far);
      z[i] = mirrored - kNear;
    }
    z = Rotate(f.q, Stretch(Rotate(f.r, z), 100));
    double cosines = 0;
    for (double u : z) cosines += std::cos(2 * kPi * u);
    return std::min(near_sum, d + s * far_sum) + 10 * (d - cosines);
  });
}

}  // namespace pegbox
