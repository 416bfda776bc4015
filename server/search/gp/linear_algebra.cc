#include "server/search/gp/linear_algebra.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <algorithm>
#include <cmath>

namespace pegbox {
namespace {

// Below, LibTorch's dispatch and copies cost more than the arithmetic of plain loops.
constexpr size_t kPlainInverseSize = 96;

// Column-major [rows, columns] over memory that the caller keeps.
at::Tensor View(const double* data, size_t rows, size_t columns) {
  const int64_t stride = static_cast<int64_t>(rows);
  return at::from_blob(const_cast<double*>(data), {stride, static_cast<int64_t>(columns)}, {1, stride}, at::kDouble);
}

void Copy(const at::Tensor& source, std::span<double> target, size_t rows) {
  View(target.data(), rows, target.size() / rows).copy_(source);
}

// K^-1 = M'M with M = L^-1, whose rows are m_i = (e_i - sum_{j<i} l_ij m_j) / l_ii.
void InvertPlainly(std::span<const double> factor, size_t n, std::span<double> inverse) {
  std::vector<double> rows(n * n);
  std::fill(inverse.begin(), inverse.end(), 0.0);
  for (size_t i = 0; i < n; ++i) {
    double* row = &rows[i * n];
    row[i] = 1;
    for (size_t j = 0; j < i; ++j) {
      const double weight = factor[j * n + i];
      const double* other = &rows[j * n];
      for (size_t k = 0; k <= j; ++k) row[k] -= weight * other[k];
    }
    const double scale = 1 / factor[i * n + i];
    for (size_t k = 0; k <= i; ++k) row[k] *= scale;
    for (size_t column = 0; column <= i; ++column) {
      const double weight = row[column];
      double* target = &inverse[column * n];
      for (size_t k = column; k <= i; ++k) target[k] += weight * row[k];
    }
  }
}

}  // namespace

void UseOneThread() {
  static const bool is_blas_told = [] {
    using SetThreads = void (*)(int);
    const auto set_threads = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
    if (set_threads != nullptr) set_threads(1);
    return set_threads != nullptr;
  }();
  static_cast<void>(is_blas_told);
  if (at::get_num_threads() != 1) at::set_num_threads(1);
}

bool FactorizeCholesky(std::span<double> matrix, size_t n) {
  const auto [factor, info] = at::linalg_cholesky_ex(View(matrix.data(), n, n), /*upper=*/false);
  if (info.item<int>() != 0) return false;
  Copy(factor, matrix, n);
  for (size_t i = 0; i < n; ++i) {
    if (!std::isfinite(matrix[i * n + i])) return false;
  }
  return true;
}

void SolveLower(std::span<const double> factor, size_t n, std::span<double> columns) {
  const at::Tensor right = View(columns.data(), n, columns.size() / n);
  Copy(at::linalg_solve_triangular(View(factor.data(), n, n), right, /*upper=*/false), columns, n);
}

void SolveLowerTransposed(std::span<const double> factor, size_t n, std::span<double> columns) {
  const at::Tensor right = View(columns.data(), n, columns.size() / n);
  Copy(at::linalg_solve_triangular(View(factor.data(), n, n).t(), right, /*upper=*/true), columns, n);
}

void InvertFromFactor(std::span<const double> factor, size_t n, std::span<double> inverse) {
  if (n <= kPlainInverseSize) return InvertPlainly(factor, n, inverse);
  Copy(at::cholesky_inverse(View(factor.data(), n, n), /*upper=*/false), inverse, n);
}

void ExponentiateInPlace(std::span<double> x) {
  if (x.empty()) return;
  at::from_blob(x.data(), {static_cast<int64_t>(x.size())}, at::kDouble).exp_();
}

}  // namespace pegbox
