#include "server/search/gp/covariance_factor.h"

#include <algorithm>
#include <utility>

namespace pegbox {
namespace {

constexpr size_t kBlock = 32;          // rows computed at once
constexpr size_t kSpareRows = 256;     // so that the rows need not be moved soon
constexpr double kFirstJitter = 1e-8;  // relative to s^2
constexpr double kLastJitter = 2e-2;

FeatureMatrix Rows(const FeatureMatrix& x, size_t begin, size_t end) {
  FeatureMatrix rows{x.numeric, x.categorical, end - begin, {}};
  rows.values.reserve(x.dimensions() * rows.count);
  for (size_t j = 0; j < x.dimensions(); ++j) {
    rows.values.insert(rows.values.end(), x.feature(j) + begin, x.feature(j) + end);
  }
  return rows;
}

// The points, from the first on, that are the same in both.
size_t CountEqual(const FeatureMatrix& a, const FeatureMatrix& b) {
  if (a.numeric != b.numeric || a.categorical != b.categorical) return 0;
  size_t equal = std::min(a.count, b.count);
  for (size_t j = 0; j < a.dimensions(); ++j) {
    equal = std::mismatch(a.feature(j), a.feature(j) + equal, b.feature(j)).first - a.feature(j);
  }
  return equal;
}

size_t RoundDown(size_t count) { return count - count % kBlock; }

}  // namespace

void CovarianceFactor::Reserve(size_t count) {
  if (count <= stride_) return;
  const size_t stride = count + kSpareRows;
  std::vector<double> rows(stride * stride);
  for (size_t i = 0; i < stride_; ++i) std::copy_n(&rows_[i * stride_], i + 1, &rows[i * stride]);
  rows_ = std::move(rows);
  stride_ = stride;
}

size_t CovarianceFactor::CountKept(const FeatureMatrix& x, size_t measured) const {
  const size_t equal = CountEqual(x_, x);
  if (equal == x.count && equal == x_.count && measured == measured_) return equal;
  // With other points the diagonal might have to be raised less.
  if (jitter_ > 0) return 0;
  const size_t both = std::min(measured_, measured);
  if (equal < both || measured_ != measured) return RoundDown(std::min(equal, both));
  return measured + RoundDown(equal - measured);
}

bool CovarianceFactor::Assign(FeatureMatrix x, size_t measured, const Theta& theta) {
  const size_t kept = kernel_ && theta == theta_ ? CountKept(x, measured) : 0;
  x_ = std::move(x);
  measured_ = measured;
  theta_ = theta;
  kernel_.emplace(theta);
  Reserve(x_.count);
  if (kept == 0) jitter_ = 0;
  if (Compute(kept)) return true;
  for (double jitter = kFirstJitter; jitter < kLastJitter; jitter *= 10) {
    jitter_ = jitter * kernel_->signal_variance();
    if (Compute(0)) return true;
  }
  x_ = {};
  measured_ = 0;
  kernel_.reset();
  return false;
}

bool CovarianceFactor::Compute(size_t begin) {
  std::vector<double> value, slope;
  for (size_t end; begin < x_.count; begin = end) {
    // Blocks end where the measured points do.
    end = begin < measured_ ? std::min(begin + kBlock, measured_) : std::min(begin + kBlock, x_.count);
    kernel_->EvaluateCross(Rows(x_, begin, end), Rows(x_, 0, end), value, slope);
    for (size_t i = begin; i < end; ++i) {
      double* row = &rows_[i * stride_];
      std::copy_n(&value[(i - begin) * end], i, row);
      row[i] = kernel_->signal_variance() + noise_variance();
    }
    if (!ExtendCholesky({rows_.data(), begin, stride_}, &rows_[begin * stride_], end - begin)) return false;
  }
  return true;
}

}  // namespace pegbox
