#include "server/search/gp/kernel.h"

#include <cmath>

#include "server/search/gp/linear_algebra.h"
#include "server/search/gp/vectorized.h"

namespace pegbox {
namespace {

constexpr double kNoiseFloor = 1e-6;

// r2 += weight (feature - own)^2.
PEGBOX_VECTORIZED void AddSquares(const double* feature, double own, double weight, double* r2, size_t count) {
  for (size_t k = 0; k < count; ++k) r2[k] += weight * (feature[k] - own) * (feature[k] - own);
}

// r2 += weight [feature != own].
PEGBOX_VECTORIZED void AddMismatches(const double* feature, double own, double weight, double* r2, size_t count) {
  for (size_t k = 0; k < count; ++k) r2[k] += feature[k] != own ? weight : 0;
}

// r^2 -> q in `value`, -q in `negative`.
PEGBOX_VECTORIZED void NegateRoots(double* value, double* negative, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    value[i] = std::sqrt(5 * value[i]);
    negative[i] = -value[i];
  }
}

// q in `value` and e^-q in `slope` -> k and dk/dr^2.
PEGBOX_VECTORIZED void MaternFromRoots(double signal_variance, double* value, double* slope, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const double q = value[i];
    const double scaled = signal_variance * slope[i];
    value[i] = scaled * (1 + q * (1 + q * (1.0 / 3)));
    slope[i] = scaled * (1 + q) * (-5.0 / 6);
  }
}

// The squared distances r^2 of point `i` of `points` to the first `count` of `x`.
void AddDistances(const FeatureMatrix& points, size_t i, const FeatureMatrix& x, size_t count,
                  const std::vector<double>& weights, double* r2) {
  for (size_t j = 0; j < x.numeric; ++j) AddSquares(x.feature(j), points.at(j, i), weights[j], r2, count);
  for (size_t j = x.numeric; j < x.dimensions(); ++j) {
    AddMismatches(x.feature(j), points.at(j, i), weights[j], r2, count);
  }
}

}  // namespace

Kernel::Kernel(std::span<const double> theta)
    : inverse_squares_(theta.size() - 2),
      signal_variance_(std::exp(theta[theta.size() - 2])),
      noise_variance_(std::exp(theta[theta.size() - 1]) + kNoiseFloor) {
  for (size_t j = 0; j < inverse_squares_.size(); ++j) inverse_squares_[j] = std::exp(-2 * theta[j]);
}

void Kernel::Matern(std::vector<double>& value, std::vector<double>& slope) const {
  const size_t size = value.size();
  slope.resize(size);
  NegateRoots(value.data(), slope.data(), size);
  ExponentiateInPlace(slope);
  MaternFromRoots(signal_variance_, value.data(), slope.data(), size);
}

void Kernel::EvaluatePairs(const FeatureMatrix& x, std::vector<double>& value, std::vector<double>& slope) const {
  value.assign(x.count * (x.count - 1) / 2, 0);
  double* row = value.data();
  for (size_t i = 0; i < x.count; row += i, ++i) AddDistances(x, i, x, i, inverse_squares_, row);
  Matern(value, slope);
}

void Kernel::EvaluateCross(const FeatureMatrix& points, const FeatureMatrix& x, std::vector<double>& value,
                           std::vector<double>& slope) const {
  value.assign(points.count * x.count, 0);
  for (size_t i = 0; i < points.count; ++i) AddDistances(points, i, x, x.count, inverse_squares_, &value[i * x.count]);
  Matern(value, slope);
}

}  // namespace pegbox
