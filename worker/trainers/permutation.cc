#include "worker/trainers/permutation.h"

#include <numeric>
#include <random>
#include <utility>

namespace pegbox::trainer {

std::vector<int64_t> SeededPermutation(int64_t size, uint64_t seed) {
  std::vector<int64_t> order(size);
  std::iota(order.begin(), order.end(), 0);
  std::mt19937_64 bits(seed);
  // Fisher-Yates; the modulo's bias is below size / 2^64.
  for (int64_t last = size - 1; last > 0; --last) {
    std::swap(order[last], order[bits() % static_cast<uint64_t>(last + 1)]);
  }
  return order;
}

uint64_t DeriveSeed(uint64_t seed, uint64_t index) {
  uint64_t mixed = seed + (index + 1) * 0x9E3779B97F4A7C15ULL;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31);
}

}  // namespace pegbox::trainer
