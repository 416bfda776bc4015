// The matrix operations of the surrogate, on LibTorch in float64. Matrices are contiguous and stored by columns; of
// symmetric ones only the lower triangle is read. Nothing here starts a thread once UseOneThread was called.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace pegbox {

// Makes LibTorch and its BLAS compute each operation on the calling thread: a suggestion is too small to share, and its
// bits must not depend on how many cores are free. Cheap; OpenBLAS is told for the whole process.
void UseOneThread();

// Replaces the lower triangle of `matrix` [n, n] by its Cholesky factor and the upper one by zeros. False: not positive
// definite, or not finite; `matrix` is then undefined.
bool FactorizeCholesky(std::span<double> matrix, size_t n);

// Each column b of `columns` [n, count] <- L^-1 b, L = `factor` [n, n].
void SolveLower(std::span<const double> factor, size_t n, std::span<double> columns);
// <- L^-T b.
void SolveLowerTransposed(std::span<const double> factor, size_t n, std::span<double> columns);

// The lower triangle of (L L')^-1 into `inverse` [n, n]; its upper triangle is undefined.
void InvertFromFactor(std::span<const double> factor, size_t n, std::span<double> inverse);

// x <- e^x.
void ExponentiateInPlace(std::span<double> x);

}  // namespace pegbox
