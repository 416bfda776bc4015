// The posterior of a Gaussian process at given hyperparameters.
//
//   mu(x) = m + k(x)' alpha,   sigma^2(x) = s^2 - k(x)' K^-1 k(x)
//
// Points whose value is pending are in K but not in alpha. That is the kriging believer: a pending point observed at
// its own posterior mean leaves mu as it is and only takes its share of sigma.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "server/search/gp/covariance_factor.h"
#include "server/search/gp/features.h"
#include "server/search/gp/kernel.h"

namespace pegbox {

class GaussianProcess;

// The posterior at a batch of points, and its gradient by their numeric features.
class PosteriorBatch {
 public:
  std::span<const double> mean() const { return mean_; }
  std::span<const double> deviation() const { return deviation_; }

  // Adds d(sum_b f_b) / dx to `gradient`, [points, numeric], where f is a function of mean and deviation with these
  // derivatives, one a point.
  void AddGradient(std::span<const double> by_mean, std::span<const double> by_deviation,
                   std::span<double> gradient) const;

 private:
  friend class GaussianProcess;
  const GaussianProcess* process_ = nullptr;
  FeatureMatrix points_;
  std::vector<double> mean_, deviation_;
  std::vector<double> slope_;     // dk/dr^2, [points, n]
  std::vector<double> whitened_;  // L^-1 k, [points, n]
};

class GaussianProcess {
 public:
  // Posterior to nothing; Assign first.
  GaussianProcess() = default;
  static std::optional<GaussianProcess> Create(FeatureMatrix x, std::vector<double> y, const Theta& theta);

  // The first y.size() points of `x` have the values `y`, the rest are pending. Adds to the diagonal of K what rounding
  // makes necessary. False: K is not positive definite even so. Faster, with the same bits, when most points and theta
  // are those of the last call.
  bool Assign(FeatureMatrix x, std::vector<double> y, const Theta& theta);

  // The batch must not outlive this.
  PosteriorBatch Predict(FeatureMatrix points) const;

  const Kernel& kernel() const { return factor_.kernel(); }
  // The posterior mean at measured point i, without its noise: y_i - sigma^2 alpha_i.
  double Smoothed(size_t i) const { return y_[i] - factor_.noise_variance() * alpha_[i]; }
  size_t measured() const { return y_.size(); }
  size_t pending() const { return factor_.x().count - y_.size(); }

 private:
  friend class PosteriorBatch;

  CovarianceFactor factor_;  // of measured and pending points
  std::vector<double> y_;
  double mean_ = 0;
  std::vector<double> alpha_;  // [measured]
};

}  // namespace pegbox
