#include "server/search/random_stream.h"

#include <cmath>
#include <numbers>

namespace pegbox {
namespace {

constexpr uint64_t kGoldenGamma = 0x9e3779b97f4a7c15;

uint64_t Finalize(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace

uint64_t MixSeed(uint64_t seed, uint64_t number) {
  return Finalize(Finalize(seed + kGoldenGamma) ^ (number * kGoldenGamma + 0x632be59bd9b4e019));
}

RandomStream::RandomStream(uint64_t seed, uint64_t number, RandomPurpose purpose)
    : state_(MixSeed(MixSeed(seed, number), static_cast<uint64_t>(purpose))) {}

uint64_t RandomStream::Next() { return Finalize(state_ += kGoldenGamma); }

double RandomStream::Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

uint64_t RandomStream::Below(uint64_t bound) {
  // The numbers below 2^64 mod bound would favour small remainders.
  const uint64_t threshold = -bound % bound;
  uint64_t drawn = Next();
  while (drawn < threshold) drawn = Next();
  return drawn % bound;
}

double RandomStream::Normal() {
  const double radius = std::sqrt(-2 * std::log1p(-Uniform()));
  return radius * std::cos(2 * std::numbers::pi * Uniform());
}

double RandomStream::Gumbel() { return -std::log(-std::log((static_cast<double>(Next() >> 11) + 0.5) * 0x1p-53)); }

}  // namespace pegbox
