// Random numbers that are a function of (seed, number, purpose) alone and the same with every standard library; the
// distributions of <random> are not.
#pragma once

#include <cstdint>

namespace pegbox {

// Mixes a seed with a number so that neighbours have nothing in common.
uint64_t MixSeed(uint64_t seed, uint64_t number);

// What the numbers of a stream are for: streams of different purposes are independent.
enum class RandomPurpose : uint64_t {
  kRandomSearch = 1,
  kSobolSearch = 2,
  kInitialDesign = 3,
  kAcquisition = 4,
  kSimulation = 5,    // of benchmarks
  kPermutations = 6,  // of statistical tests
  kLocalModel = 7,
};

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
class RandomStream {
 public:
  RandomStream(uint64_t seed, uint64_t number, RandomPurpose purpose);

  uint64_t Next();
  // In [0, 1), a multiple of 2^-53.
  double Uniform();
  // In [0, bound), without bias. `bound` is above 0.
  uint64_t Below(uint64_t bound);
  // Standard normal.
  double Normal();
  // Standard Gumbel: argmax of (log weight + Gumbel) draws in proportion to the weights.
  double Gumbel();

 private:
  uint64_t state_;
};

}  // namespace pegbox
