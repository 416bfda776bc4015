// The matrix operations of the surrogate, in float64: LAPACK on memory that the caller keeps, and LibTorch's
// exponential. Matrices are stored by rows; of symmetric and triangular ones only the lower triangle is read or
// written. Nothing here starts a thread once UseOneThread was called.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace pegbox {

// Makes LibTorch and its BLAS compute each operation on the calling thread: a suggestion is too small to share, and its
// bits must not depend on how many cores are free. Cheap; OpenBLAS is told for the whole process.
void UseOneThread();

// A lower triangular matrix [size, size], whose rows begin `stride` apart.
struct LowerTriangle {
  const double* rows = nullptr;
  size_t size = 0;
  size_t stride = 0;

  const double* row(size_t i) const { return rows + i * stride; }
};

// Replaces the lower triangle of `matrix` [n, n] by its Cholesky factor. False: not positive definite, or not finite;
// `matrix` is then undefined.
bool FactorizeCholesky(std::span<double> matrix, size_t n);

// The next `count` rows of a Cholesky factor whose first n rows are done. `rows`, n + count numbers in each and
// `stride` apart, hold the covariances with all points up to the diagonal; they are replaced. The bits depend on n, on
// `count` and on the values only. False: as FactorizeCholesky.
bool ExtendCholesky(const LowerTriangle& factor, double* rows, size_t count);

// Each vector v of `vectors` [count, factor.size] <- L^-1 v.
void SolveLower(const LowerTriangle& factor, std::span<double> vectors);
// <- L^-T v.
void SolveLowerTransposed(const LowerTriangle& factor, std::span<double> vectors);

// Replaces a Cholesky factor L [n, n] by the lower triangle of (L L')^-1.
void InvertFromFactor(std::span<double> factor, size_t n);

// x <- e^x.
void ExponentiateInPlace(std::span<double> x);

}  // namespace pegbox
