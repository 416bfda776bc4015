#include "server/search/gp/log_ei.h"

#include <cmath>
#include <numbers>

namespace pegbox {
namespace {

constexpr double kTail = -5;
const double kLogSqrtTwoPi = 0.5 * std::log(2 * std::numbers::pi);

double NormalDensity(double z) { return std::exp(-0.5 * z * z - kLogSqrtTwoPi); }
double NormalCdf(double z) { return 0.5 * std::erfc(-z * std::numbers::sqrt2 / 2); }

// K of the header, for t >= 5. The fraction converges faster the larger t is.
double FractionTail(double t) {
  const int terms = 12 + static_cast<int>(1000 / (t * t));
  double tail = t;
  for (int k = terms; k >= 2; --k) tail = t + k / tail;
  return 1 / tail;
}

// h, or log h, and the two ratios that the derivatives need.
struct H {
  double log_h;
  double rho;        // Phi / h
  double remainder;  // 1 - z rho = phi / h
};

H EvaluateH(double z) {
  if (z > kTail) {
    const double density = NormalDensity(z);
    const double cdf = NormalCdf(z);
    const double h = density + z * cdf;
    return {std::log(h), cdf / h, density / h};
  }
  const double k = FractionTail(-z);
  const double mills = 1 / (k - z);
  return {-0.5 * z * z - kLogSqrtTwoPi + std::log(mills * k), 1 / k, 1 / (mills * k)};
}

}  // namespace

LogImprovement LogExpectedImprovement(double incumbent, double mean, double deviation) {
  const H h = EvaluateH((incumbent - mean) / deviation);
  return {std::log(deviation) + h.log_h, -h.rho / deviation, h.remainder / deviation};
}

double LogH(double z) { return EvaluateH(z).log_h; }

LogProbability LogNormalCdf(double z) {
  if (z > kTail) {
    const double cdf = NormalCdf(z);
    return {std::log(cdf), NormalDensity(z) / cdf};
  }
  const double mills = 1 / (FractionTail(-z) - z);
  return {-0.5 * z * z - kLogSqrtTwoPi + std::log(mills), 1 / mills};
}

}  // namespace pegbox
