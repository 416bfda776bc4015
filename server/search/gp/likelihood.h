// How well hyperparameters explain the data: the negative logarithm of their posterior density, and its gradient.
//
//   F(theta) = 1/2 r'K^-1 r + sum_i log L_ii + m^2/2 - log prior(theta),   r = y - m 1,   K = k + sigma^2 I = L L'
//   m = 1'K^-1 y / (1'K^-1 1 + 1): the mean, with prior N(0, 1), at its best
//
// With alpha = K^-1 r, G = alpha alpha' - K^-1 and W_ab = G_ab dk_ab/dr^2 (envelope theorem: no term for m):
//   dF/dlog l_j = (2 / l_j^2) sum_{a<b} W_ab (x_aj - x_bj)^2; of a category the squared difference is [x_aj != x_bj]
//   dF/dlog s^2 = -1/2 s^2 sum_a G_aa - sum_{a<b} G_ab k_ab
//   dF/dnu      = -1/2 e^nu tr G
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "server/search/gp/features.h"
#include "server/search/gp/kernel.h"
#include "server/search/gp/linear_algebra.h"

namespace pegbox {

// Normal priors on the log scale, within bounds.
struct ThetaPrior {
  // Of a kernel with `dimensions` features: log l ~ N(-0.75 + 0.25 log d, 1), l in [0.02, 50]; log s^2 ~ N(0, 1),
  // s^2 in [1e-3, 1e3]; nu ~ N(-6, 2^2), e^nu in [1e-7, 1].
  explicit ThetaPrior(size_t dimensions);

  Theta mean, deviation, lower, upper;
  Theta start;  // the mean, but nu at log 1e-3
};

class Likelihood {
 public:
  // `y`, [x.count], is standardized. `x` outlives this.
  Likelihood(const FeatureMatrix& x, std::vector<double> y);

  // F and, in `gradient` [theta], its derivatives. Infinite where K is not positive definite.
  double Evaluate(std::span<const double> theta, std::span<double> gradient);

  int64_t evaluations() const { return evaluations_; }
  const ThetaPrior& prior() const { return prior_; }

 private:
  // Into `gradient`, without the prior's part. alpha and K^-1 are at hand.
  void AddGradient(const Kernel& kernel, std::span<const double> theta, std::span<double> gradient);
  double AddPrior(std::span<const double> theta, std::span<double> gradient) const;

  const FeatureMatrix& x_;
  const std::vector<double> y_;
  const ThetaPrior prior_;
  int64_t evaluations_ = 0;
  // Of the last evaluation. [n (n - 1) / 2]: k, dk/dr^2, then W. [n, n]: K, then L, then K^-1.
  std::vector<double> pairs_, slopes_, matrix_, alpha_;
};

// K of `x` from its pairs, lower triangle, [n, n].
void FillCovariance(const Kernel& kernel, std::span<const double> pairs, size_t n, std::vector<double>& matrix);

// m, and alpha = K^-1 (y - m 1) in `alpha`; also the quadratic form r'K^-1 r.
struct ProfiledMean {
  double mean = 0;
  double quadratic = 0;
};
ProfiledMean SolveMean(const LowerTriangle& factor, std::span<const double> y, std::vector<double>& alpha);

struct ThetaFit {
  Theta theta;
  double value = std::numeric_limits<double>::infinity();
  int64_t evaluations = 0;
};

// The best theta that is found from the prior's start and, when there is one, from `last`. With `keeps_noise` the noise
// stays what it is in `last`. Rounded to 1e-6, so that it is short to store: a function of the arguments alone.
ThetaFit FitTheta(const FeatureMatrix& x, const std::vector<double>& y, const Theta* last = nullptr,
                  bool keeps_noise = false);

}  // namespace pegbox
