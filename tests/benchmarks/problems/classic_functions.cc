#include "tests/benchmarks/problems/classic_functions.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pegbox {
namespace {

constexpr double kPi = std::numbers::pi;

}  // namespace

double Branin(const Point& x) {
  return Square(x[1] - 5.1 / (4 * kPi * kPi) * x[0] * x[0] + 5 / kPi * x[0] - 6) +
         10 * (1 - 1 / (8 * kPi)) * std::cos(x[0]) + 10;
}

double Hartmann3(const Point& x) {
  static constexpr double kA[4][3] = {{3, 10, 30}, {0.1, 10, 35}, {3, 10, 30}, {0.1, 10, 35}};
  static constexpr double kP[4][3] = {
      {0.3689, 0.1170, 0.2673}, {0.4699, 0.4387, 0.7470}, {0.1091, 0.8732, 0.5547}, {0.0381, 0.5743, 0.8828}};
  static constexpr double kWeights[4] = {1.0, 1.2, 3.0, 3.2};
  double sum = 0;
  for (int i = 0; i < 4; ++i) {
    double exponent = 0;
    for (int j = 0; j < 3; ++j) exponent += kA[i][j] * Square(x[j] - kP[i][j]);
    sum -= kWeights[i] * std::exp(-exponent);
  }
  return sum;
}

double Hartmann6(const Point& x) {
  static constexpr double kA[4][6] = {
      {10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}};
  static constexpr double kP[4][6] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                                      {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                                      {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                                      {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
  static constexpr double kWeights[4] = {1.0, 1.2, 3.0, 3.2};
  double sum = 0;
  for (int i = 0; i < 4; ++i) {
    double exponent = 0;
    for (int j = 0; j < 6; ++j) exponent += kA[i][j] * Square(x[j] - kP[i][j]);
    sum -= kWeights[i] * std::exp(-exponent);
  }
  return sum;
}

double Ackley(const Point& x) {
  double squares = 0, cosines = 0;
  for (double u : x) {
    squares += u * u;
    cosines += std::cos(2 * kPi * u);
  }
  const double n = static_cast<double>(x.size());
  return -20 * std::exp(-0.2 * std::sqrt(squares / n)) - std::exp(cosines / n) + 20 + std::numbers::e;
}

double Rosenbrock(const Point& x) {
  double sum = 0;
  for (size_t i = 0; i + 1 < x.size(); ++i) sum += 100 * Square(x[i + 1] - x[i] * x[i]) + Square(1 - x[i]);
  return sum;
}

double Levy(const Point& x) {
  const auto w = [&](size_t i) { return 1 + (x[i] - 1) / 4; };
  double sum = Square(std::sin(kPi * w(0)));
  for (size_t i = 0; i + 1 < x.size(); ++i) {
    sum += Square(w(i) - 1) * (1 + 10 * Square(std::sin(kPi * w(i) + 1)));
  }
  const double last = w(x.size() - 1);
  return sum + Square(last - 1) * (1 + Square(std::sin(2 * kPi * last)));
}

double Rastrigin(const Point& x) {
  double sum = 0;
  for (double u : x) sum += u * u - 10 * std::cos(2 * kPi * u) + 10;
  return sum;
}

double StyblinskiTang(const Point& x) {
  double sum = 0;
  for (double u : x) sum += u * u * u * u - 16 * u * u + 5 * u;
  return sum / 2;
}

double Michalewicz(const Point& x) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    sum -= std::sin(x[i]) * std::pow(std::sin(static_cast<double>(i + 1) * x[i] * x[i] / kPi), 20);
  }
  return sum;
}

double Schwefel(const Point& x) {
  double sum = 0;
  for (double u : x) sum += 418.98288727243374 - u * std::sin(std::sqrt(std::abs(u)));
  return sum;
}

double GriewankRosenbrock(const Point& x) {
  double sum = 0;
  for (size_t i = 0; i + 1 < x.size(); ++i) {
    const double s = 100 * Square(x[i] * x[i] - x[i + 1]) + Square(x[i] - 1);
    sum += s / 4000 - std::cos(s);
  }
  return 10 / static_cast<double>(x.size() - 1) * sum + 10;
}

double Ellipsoid(const Point& x, double condition) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    sum += std::pow(condition, static_cast<double>(i) / static_cast<double>(x.size() - 1)) * x[i] * x[i];
  }
  return sum;
}

double Steps(const Point& x) {
  constexpr double kWidth = 0.5;
  double sum = 0;
  for (double u : x) sum += Square(kWidth * std::round(u / kWidth));
  return std::max(std::abs(x[0]) * 1e-4, sum);
}

}  // namespace pegbox
