#include "server/search/gp/kernel.h"

#include <cmath>

#include "server/search/gp/linear_algebra.h"

namespace pegbox {
namespace {

constexpr double kNoiseFloor = 1e-6;

}  // namespace

Kernel::Kernel(std::span<const double> theta)
    : inverse_squares_(theta.size() - 2),
      signal_variance_(std::exp(theta[theta.size() - 2])),
      noise_variance_(std::exp(theta[theta.size() - 1]) + kNoiseFloor) {
  for (size_t j = 0; j < inverse_squares_.size(); ++j) inverse_squares_[j] = std::exp(-2 * theta[j]);
}

void Kernel::AddDistances(const FeatureMatrix& points, size_t i, const FeatureMatrix& x, size_t count,
                          double* r2) const {
  for (size_t j = 0; j < x.numeric; ++j) {
    const double* feature = x.feature(j);
    const double own = points.at(j, i);
    const double weight = inverse_squares_[j];
    for (size_t k = 0; k < count; ++k) r2[k] += weight * (feature[k] - own) * (feature[k] - own);
  }
  for (size_t j = x.numeric; j < x.dimensions(); ++j) {
    const double* feature = x.feature(j);
    const double own = points.at(j, i);
    const double weight = inverse_squares_[j];
    for (size_t k = 0; k < count; ++k) r2[k] += feature[k] != own ? weight : 0;
  }
}

void Kernel::Matern(std::vector<double>& value, std::vector<double>& slope) const {
  const size_t size = value.size();
  slope.resize(size);
  double* k = value.data();
  double* e = slope.data();
  for (size_t i = 0; i < size; ++i) {
    k[i] = std::sqrt(5 * k[i]);
    e[i] = -k[i];
  }
  ExponentiateInPlace(slope);
  for (size_t i = 0; i < size; ++i) {
    const double q = k[i];
    const double scaled = signal_variance_ * e[i];
    k[i] = scaled * (1 + q * (1 + q * (1.0 / 3)));
    e[i] = scaled * (1 + q) * (-5.0 / 6);
  }
}

void Kernel::EvaluatePairs(const FeatureMatrix& x, std::vector<double>& value, std::vector<double>& slope) const {
  value.assign(x.count * (x.count - 1) / 2, 0);
  double* row = value.data();
  for (size_t i = 0; i < x.count; row += i, ++i) AddDistances(x, i, x, i, row);
  Matern(value, slope);
}

void Kernel::EvaluateCross(const FeatureMatrix& points, const FeatureMatrix& x, std::vector<double>& value,
                           std::vector<double>& slope) const {
  value.assign(points.count * x.count, 0);
  for (size_t i = 0; i < points.count; ++i) AddDistances(points, i, x, x.count, &value[i * x.count]);
  Matern(value, slope);
}

}  // namespace pegbox
