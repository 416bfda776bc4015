// Seeded randomness that is the same on every machine and standard library (std::shuffle is not).
#pragma once

#include <cstdint>
#include <vector>

namespace pegbox::trainer {

// A random order of 0 ... size-1 that depends on `seed` only.
std::vector<int64_t> SeededPermutation(int64_t size, uint64_t seed);

// A seed for the `index`-th use of `seed` (SplitMix64 of both).
uint64_t DeriveSeed(uint64_t seed, uint64_t index);

}  // namespace pegbox::trainer
