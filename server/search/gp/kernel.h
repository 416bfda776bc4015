// The covariance of the surrogate: Matern 5/2 with one length-scale a feature, and a Hamming distance for categories.
//
//   k(x, x') = s^2 (1 + q + q^2/3) e^-q,   q = sqrt(5 r^2)
//   r^2 = sum over numeric j of ((x_j - x'_j) / l_j)^2 + sum over categorical j of [x_j != x'_j] / l_j^2
//   dk/dr^2 = -(5/6) s^2 (1 + q) e^-q
//
// (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, eq. 4.17.)
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "server/search/gp/features.h"

namespace pegbox {

// Hyperparameters on the log scale: log l_1 ... log l_d, log s^2, nu.
using Theta = std::vector<double>;

class Kernel {
 public:
  explicit Kernel(std::span<const double> theta);

  double signal_variance() const { return signal_variance_; }  // s^2
  double noise_variance() const { return noise_variance_; }    // e^nu + 1e-6: on the diagonal of K only
  double inverse_square_length(size_t j) const { return inverse_squares_[j]; }

  // k and dk/dr^2 between each two of `x`, [count (count - 1) / 2]: (1,0), (2,0), (2,1), (3,0), ...
  void EvaluatePairs(const FeatureMatrix& x, std::vector<double>& value, std::vector<double>& slope) const;

  // The same between each of `points` and each of `x`, [points.count, x.count].
  void EvaluateCross(const FeatureMatrix& points, const FeatureMatrix& x, std::vector<double>& value,
                     std::vector<double>& slope) const;

 private:
  // r^2 in `value` -> k in `value`, dk/dr^2 in `slope`.
  void Matern(std::vector<double>& value, std::vector<double>& slope) const;

  std::vector<double> inverse_squares_;
  double signal_variance_;
  double noise_variance_;
};

}  // namespace pegbox
