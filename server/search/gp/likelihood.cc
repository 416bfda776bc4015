#include "server/search/gp/likelihood.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "server/search/gp/lbfgs.h"
#include "server/search/gp/linear_algebra.h"

namespace pegbox {
namespace {

constexpr Lbfgs::Options kFitOptions = {
    .max_iterations = 40, .gradient_tolerance = 1e-3, .value_tolerance = 1e-5, .first_step = 0.5, .max_step = 3};
constexpr double kPerUnit = 1e6;  // steps of a fitted theta

}  // namespace

ThetaPrior::ThetaPrior(size_t dimensions)
    : mean(dimensions, -0.75 + 0.25 * std::log(static_cast<double>(std::max<size_t>(dimensions, 1)))),
      deviation(dimensions, 1.0),
      lower(dimensions, std::log(0.02)),
      upper(dimensions, std::log(50.0)) {
  const auto add = [this](double centre, double spread, double low, double high) {
    mean.push_back(centre);
    deviation.push_back(spread);
    lower.push_back(std::log(low));
    upper.push_back(std::log(high));
  };
  add(0, 1, 1e-3, 1e3);  // log s^2
  add(-6, 2, 1e-7, 1);   // nu
  start = mean;
  start.back() = std::log(1e-3);
}

Likelihood::Likelihood(const FeatureMatrix& x, std::vector<double> y)
    : x_(x), y_(std::move(y)), prior_(x.dimensions()) {}

double Likelihood::Evaluate(std::span<const double> theta, std::span<double> gradient) {
  ++evaluations_;
  const size_t n = x_.count;
  const Kernel kernel(theta);
  kernel.EvaluatePairs(x_, pairs_, slopes_);
  FillCovariance(kernel, pairs_, n, matrix_);
  if (!FactorizeCholesky(matrix_, n)) return std::numeric_limits<double>::infinity();
  const ProfiledMean profiled = SolveMean({matrix_.data(), n, n}, y_, alpha_);
  double value = 0.5 * profiled.quadratic + 0.5 * profiled.mean * profiled.mean;
  for (size_t i = 0; i < n; ++i) value += std::log(matrix_[i * n + i]);
  InvertFromFactor(matrix_, n);
  std::fill(gradient.begin(), gradient.end(), 0.0);
  AddGradient(kernel, theta, gradient);
  return value + AddPrior(theta, gradient);
}

void Likelihood::AddGradient(const Kernel& kernel, std::span<const double> theta, std::span<double> gradient) {
  const size_t n = x_.count;
  const size_t dimensions = x_.dimensions();
  double trace = 0;
  double covariance = 0;  // sum_{a<b} G_ab k_ab
  const double* k = pairs_.data();
  double* w = slopes_.data();
  for (size_t a = 0; a < n; k += a, w += a, ++a) {
    const double* inverse = &matrix_[a * n];
    trace += alpha_[a] * alpha_[a] - inverse[a];
#pragma omp simd reduction(+ : covariance)
    for (size_t b = 0; b < a; ++b) {
      const double g = alpha_[a] * alpha_[b] - inverse[b];
      covariance += g * k[b];
      w[b] *= g;
    }
  }
  for (size_t j = 0; j < dimensions; ++j) {
    const double* feature = x_.feature(j);
    const bool is_numeric = j < x_.numeric;
    const double* weights = slopes_.data();
    double sum = 0;
    for (size_t a = 0; a < n; weights += a, ++a) {
      const double own = feature[a];
      if (is_numeric) {
#pragma omp simd reduction(+ : sum)
        for (size_t b = 0; b < a; ++b) sum += weights[b] * (feature[b] - own) * (feature[b] - own);
      } else {
#pragma omp simd reduction(+ : sum)
        for (size_t b = 0; b < a; ++b) sum += feature[b] != own ? weights[b] : 0;
      }
    }
    gradient[j] += 2 * kernel.inverse_square_length(j) * sum;
  }
  gradient[dimensions] += -0.5 * kernel.signal_variance() * trace - covariance;
  gradient[dimensions + 1] += -0.5 * std::exp(theta[dimensions + 1]) * trace;
}

double Likelihood::AddPrior(std::span<const double> theta, std::span<double> gradient) const {
  double value = 0;
  for (size_t i = 0; i < theta.size(); ++i) {
    const double z = (theta[i] - prior_.mean[i]) / prior_.deviation[i];
    value += 0.5 * z * z;
    gradient[i] += z / prior_.deviation[i];
  }
  return value;
}

void FillCovariance(const Kernel& kernel, std::span<const double> pairs, size_t n, std::vector<double>& matrix) {
  matrix.resize(n * n);
  const double* row = pairs.data();
  for (size_t a = 0; a < n; row += a, ++a) {
    std::copy_n(row, a, &matrix[a * n]);
    matrix[a * n + a] = kernel.signal_variance() + kernel.noise_variance();
  }
}

ProfiledMean SolveMean(const LowerTriangle& factor, std::span<const double> y, std::vector<double>& alpha) {
  const size_t n = y.size();
  std::vector<double> columns(2 * n, 1.0);  // L^-1 y and L^-1 1
  std::copy(y.begin(), y.end(), columns.begin());
  SolveLower(factor, columns);
  const double* z = columns.data();
  const double* u = z + n;
  double uz = 0;
  double uu = 0;
  for (size_t i = 0; i < n; ++i) {
    uz += u[i] * z[i];
    uu += u[i] * u[i];
  }
  ProfiledMean profiled{.mean = uz / (uu + 1)};
  alpha.resize(n);
  for (size_t i = 0; i < n; ++i) {
    alpha[i] = z[i] - profiled.mean * u[i];
    profiled.quadratic += alpha[i] * alpha[i];
  }
  SolveLowerTransposed(factor, alpha);
  return profiled;
}

ThetaFit FitTheta(const FeatureMatrix& x, const std::vector<double>& y, const Theta* last, bool keeps_noise) {
  Likelihood likelihood(x, y);
  ThetaPrior prior = likelihood.prior();
  if (keeps_noise && last != nullptr) prior.start.back() = prior.lower.back() = prior.upper.back() = last->back();
  std::vector<Theta> starts = {prior.start};
  if (last != nullptr) starts.push_back(*last);
  ThetaFit fit{.theta = prior.start};
  std::vector<double> gradient(prior.start.size());
  for (Theta& start : starts) {
    for (size_t i = 0; i < start.size(); ++i) start[i] = std::clamp(start[i], prior.lower[i], prior.upper[i]);
    Lbfgs search(std::move(start), prior.lower, prior.upper, kFitOptions);
    while (!search.is_done()) {
      const double value = likelihood.Evaluate(search.candidate(), gradient);
      search.Tell(value, gradient);
    }
    if (search.value() < fit.value) fit = {search.point(), search.value(), 0};
  }
  for (double& parameter : fit.theta) parameter = std::round(parameter * kPerUnit) / kPerUnit;
  fit.evaluations = likelihood.evaluations();
  return fit;
}

}  // namespace pegbox
