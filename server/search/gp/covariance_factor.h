// The Cholesky factor of a kernel's covariance of points, kept from one suggestion to the next: when points are added,
// only their rows are computed.
//
// Rows are computed in blocks of a fixed size, each by the same operations whether the rows before it were kept or not.
// So what was kept never shows in a bit of the result.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "server/search/gp/features.h"
#include "server/search/gp/kernel.h"
#include "server/search/gp/linear_algebra.h"

namespace pegbox {

class CovarianceFactor {
 public:
  // Of k(x, x) + sigma^2 I, the first `measured` points of `x` standing before the others, which come and go. Adds to
  // the diagonal what rounding makes necessary. False: not positive definite even so; the factor is then empty.
  bool Assign(FeatureMatrix x, size_t measured, const Theta& theta);

  const FeatureMatrix& x() const { return x_; }
  const Kernel& kernel() const { return *kernel_; }
  // The kernel's, and what rounding made necessary.
  double noise_variance() const { return kernel_->noise_variance() + jitter_; }

  LowerTriangle all() const { return {rows_.data(), x_.count, stride_}; }
  LowerTriangle measured() const { return {rows_.data(), measured_, stride_}; }

 private:
  void Reserve(size_t count);
  // Rows that stay valid for these points.
  size_t CountKept(const FeatureMatrix& x, size_t measured) const;
  // The rows from `begin` on. False: not positive definite.
  bool Compute(size_t begin);

  FeatureMatrix x_;
  size_t measured_ = 0;
  Theta theta_;
  std::optional<Kernel> kernel_;
  double jitter_ = 0;
  size_t stride_ = 0;
  std::vector<double> rows_;  // [.., stride_]
};

}  // namespace pegbox
