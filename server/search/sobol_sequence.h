// Sobol's low-discrepancy sequence with Owen's nested uniform scrambling: any 2^m points from a multiple of 2^m are
// spread evenly over the cube, and each point by itself is uniform.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pegbox {

class SobolSequence {
 public:
  // Seeds scramble independently. Dimensions beyond kSobolDimensions are plain random numbers.
  SobolSequence(size_t dimensions, uint64_t seed);

  // Point `index` (mod 2^32), in [0, 1)^dimensions.
  std::vector<double> Point(uint64_t index) const;

 private:
  static constexpr int kBits = 32;
  struct Dimension {
    uint64_t seed;
    uint32_t directions[kBits];
  };

  std::vector<Dimension> dimensions_;
};

}  // namespace pegbox
