// Primitive polynomials and initial direction numbers of Sobol's sequence: the first rows of new-joe-kuo-6, from
// S. Joe and F. Y. Kuo, "Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30
// (2008).
#pragma once

#include <cstddef>
#include <cstdint>

namespace pegbox {

// The first dimension is van der Corput's and needs no polynomial.
inline constexpr size_t kSobolDimensions = 256;

// x^degree + a_1 x^(degree-1) + ... + a_(degree-1) x + 1, where the bits of `coefficients` are a_1 ... a_(degree-1).
struct SobolPolynomial {
  int degree;
  uint32_t coefficients;
  uint32_t initial[11];  // m_1 ... m_degree: odd, m_i < 2^i
};

extern const SobolPolynomial kSobolPolynomials[kSobolDimensions - 1];

}  // namespace pegbox
