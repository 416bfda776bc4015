#include "server/search/gp/linear_algebra.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>

#include <cmath>

// LAPACK and BLAS, whose matrices stand by columns: rows of a lower triangle are columns of an upper one.
extern "C" {
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void dpotri_(const char* uplo, const int* n, double* a, const int* lda, int* info);
void dtrsm_(const char* side, const char* uplo, const char* transpose, const char* diagonal, const int* m, const int* n,
            const double* alpha, const double* a, const int* lda, double* b, const int* ldb);
void dsyrk_(const char* uplo, const char* transpose, const int* n, const int* k, const double* alpha, const double* a,
            const int* lda, const double* beta, double* c, const int* ldc);
}

namespace pegbox {
namespace {

const double kOne = 1;
const double kMinusOne = -1;

void Solve(const LowerTriangle& factor, const char* transpose, double* vectors, size_t count, size_t stride) {
  if (factor.size == 0 || count == 0) return;
  const int size = static_cast<int>(factor.size);
  const int columns = static_cast<int>(count);
  const int lda = static_cast<int>(factor.stride);
  const int ldb = static_cast<int>(stride);
  dtrsm_("L", "U", transpose, "N", &size, &columns, &kOne, factor.rows, &lda, vectors, &ldb);
}

// The Cholesky factor of the block at `diagonal`.
bool Factorize(double* diagonal, size_t count, size_t stride) {
  const int n = static_cast<int>(count);
  const int lda = static_cast<int>(stride);
  int info = 0;
  dpotrf_("U", &n, diagonal, &lda, &info);
  if (info != 0) return false;
  for (size_t i = 0; i < count; ++i) {
    if (!std::isfinite(diagonal[i * stride + i])) return false;
  }
  return true;
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

bool FactorizeCholesky(std::span<double> matrix, size_t n) { return n == 0 || Factorize(matrix.data(), n, n); }

bool ExtendCholesky(const LowerTriangle& factor, double* rows, size_t count) {
  const size_t n = factor.size;
  if (count == 0) return true;
  Solve(factor, "T", rows, count, factor.stride);
  const int size = static_cast<int>(count);
  const int inner = static_cast<int>(n);
  const int stride = static_cast<int>(factor.stride);
  if (n > 0) dsyrk_("U", "T", &size, &inner, &kMinusOne, rows, &stride, &kOne, rows + n, &stride);
  return Factorize(rows + n, count, factor.stride);
}

void SolveLower(const LowerTriangle& factor, std::span<double> vectors) {
  if (factor.size > 0) Solve(factor, "T", vectors.data(), vectors.size() / factor.size, factor.size);
}

void SolveLowerTransposed(const LowerTriangle& factor, std::span<double> vectors) {
  if (factor.size > 0) Solve(factor, "N", vectors.data(), vectors.size() / factor.size, factor.size);
}

void InvertFromFactor(std::span<double> factor, size_t n) {
  const int size = static_cast<int>(n);
  int info = 0;
  dpotri_("U", &size, factor.data(), &size, &info);
}

void ExponentiateInPlace(std::span<double> x) {
  if (x.empty()) return;
  at::from_blob(x.data(), {static_cast<int64_t>(x.size())}, at::kDouble).exp_();
}

}  // namespace pegbox
