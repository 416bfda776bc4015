#include "server/search/gp/gaussian_process.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "server/search/gp/likelihood.h"
#include "server/search/gp/linear_algebra.h"

namespace pegbox {
namespace {

constexpr double kMinVariance = 1e-10;  // relative to s^2

}  // namespace

std::optional<GaussianProcess> GaussianProcess::Create(FeatureMatrix x, std::vector<double> y, const Theta& theta) {
  GaussianProcess process;
  if (!process.Assign(std::move(x), std::move(y), theta)) return std::nullopt;
  return process;
}

bool GaussianProcess::Assign(FeatureMatrix x, std::vector<double> y, const Theta& theta) {
  if (!factor_.Assign(std::move(x), y.size(), theta)) return false;
  y_ = std::move(y);
  mean_ = SolveMean(factor_.measured(), y_, alpha_).mean;
  return true;
}

PosteriorBatch GaussianProcess::Predict(FeatureMatrix points) const {
  const size_t n = factor_.x().count;
  PosteriorBatch batch;
  batch.process_ = this;
  batch.points_ = std::move(points);
  kernel().EvaluateCross(batch.points_, factor_.x(), batch.whitened_, batch.slope_);
  const size_t count = batch.points_.count;
  batch.mean_.assign(count, mean_);
  for (size_t b = 0; b < count; ++b) {
    const double* k = &batch.whitened_[b * n];
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < alpha_.size(); ++i) sum += k[i] * alpha_[i];
    batch.mean_[b] += sum;
  }
  SolveLower(factor_.all(), batch.whitened_);
  batch.deviation_.resize(count);
  for (size_t b = 0; b < count; ++b) {
    const double* v = &batch.whitened_[b * n];
    double explained = 0;
#pragma omp simd reduction(+ : explained)
    for (size_t i = 0; i < n; ++i) explained += v[i] * v[i];
    const double s2 = kernel().signal_variance();
    batch.deviation_[b] = std::sqrt(std::max(s2 - explained, kMinVariance * s2));
  }
  return batch;
}

// With w = K^-1 k and c_i = 2 dk_i/dr^2 (f_mu alpha_i - (f_sigma / sigma) w_i):
// df/dx_j = sum_i c_i (x_j - X_ij) / l_j^2.
void PosteriorBatch::AddGradient(std::span<const double> by_mean, std::span<const double> by_deviation,
                                 std::span<double> gradient) const {
  const FeatureMatrix& x = process_->factor_.x();
  const std::vector<double>& alpha = process_->alpha_;
  const size_t n = x.count;
  std::vector<double> coefficients = whitened_;
  SolveLowerTransposed(process_->factor_.all(), coefficients);
  for (size_t b = 0; b < points_.count; ++b) {
    double* c = &coefficients[b * n];
    const double weight = by_deviation[b] / deviation_[b];
    for (size_t i = 0; i < n; ++i) c[i] *= -weight;
    for (size_t i = 0; i < alpha.size(); ++i) c[i] += by_mean[b] * alpha[i];
    for (size_t i = 0; i < n; ++i) c[i] *= 2 * slope_[b * n + i];
    for (size_t j = 0; j < x.numeric; ++j) {
      const double* feature = x.feature(j);
      const double own = points_.at(j, b);
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (size_t i = 0; i < n; ++i) sum += c[i] * (own - feature[i]);
      gradient[b * x.numeric + j] += process_->kernel().inverse_square_length(j) * sum;
    }
  }
}

}  // namespace pegbox
