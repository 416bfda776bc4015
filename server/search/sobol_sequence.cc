#include "server/search/sobol_sequence.h"

#include "server/search/random_stream.h"
#include "server/search/sobol_direction_numbers.h"

namespace pegbox {
namespace {

// v_i = m_i 2^(32-i), by the recurrence of the dimension's polynomial.
void FillDirections(size_t dimension, int bits, uint32_t* v) {
  if (dimension == 0) {
    for (int i = 0; i < bits; ++i) v[i] = uint32_t{1} << (bits - 1 - i);
    return;
  }
  const SobolPolynomial& polynomial = kSobolPolynomials[dimension - 1];
  const int degree = polynomial.degree;
  for (int i = 0; i < degree; ++i) v[i] = polynomial.initial[i] << (bits - 1 - i);
  for (int i = degree; i < bits; ++i) {
    v[i] = v[i - degree] ^ (v[i - degree] >> degree);
    for (int k = 1; k < degree; ++k) {
      if ((polynomial.coefficients >> (degree - 1 - k)) & 1) v[i] ^= v[i - k];
    }
  }
}

uint32_t ReverseBits(uint32_t x) {
  x = ((x & 0x55555555u) << 1) | ((x >> 1) & 0x55555555u);
  x = ((x & 0x33333333u) << 2) | ((x >> 2) & 0x33333333u);
  x = ((x & 0x0f0f0f0fu) << 4) | ((x >> 4) & 0x0f0f0f0fu);
  x = ((x & 0x00ff00ffu) << 8) | ((x >> 8) & 0x00ff00ffu);
  return (x << 16) | (x >> 16);
}

// Nested uniform scrambling by a hash in which a bit depends on the higher bits only (B. Burley, "Practical hash-based
// Owen scrambling", JCGT 9(4), 2020; the constants are N. Vegdahl's).
uint32_t OwenScramble(uint32_t x, uint32_t seed) {
  x = ReverseBits(x);
  x ^= x * 0x3d20adeau;
  x += seed;
  x *= (seed >> 16) | 1;
  x ^= x * 0x05526c56u;
  x ^= x * 0x53a22864u;
  return ReverseBits(x);
}

}  // namespace

SobolSequence::SobolSequence(size_t dimensions, uint64_t seed) : dimensions_(dimensions) {
  for (size_t d = 0; d < dimensions; ++d) {
    dimensions_[d].seed = MixSeed(seed, d);
    if (d < kSobolDimensions) FillDirections(d, kBits, dimensions_[d].directions);
  }
}

std::vector<double> SobolSequence::Point(uint64_t index) const {
  std::vector<double> point(dimensions_.size());
  const uint32_t bits = static_cast<uint32_t>(index);
  for (size_t d = 0; d < dimensions_.size(); ++d) {
    const Dimension& dimension = dimensions_[d];
    if (d >= kSobolDimensions) {
      point[d] = static_cast<double>(MixSeed(dimension.seed, index) >> 11) * 0x1p-53;
      continue;
    }
    uint32_t x = 0;
    for (uint32_t rest = bits, i = 0; rest != 0; rest >>= 1, ++i) {
      if (rest & 1) x ^= dimension.directions[i];
    }
    point[d] = static_cast<double>(OwenScramble(x, static_cast<uint32_t>(dimension.seed >> 32))) * 0x1p-32;
  }
  return point;
}

}  // namespace pegbox
