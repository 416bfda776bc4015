#include "server/diagnosis/rank_statistics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "absl/functional/function_ref.h"
#include "server/search/random_stream.h"

namespace pegbox {
namespace {

constexpr int kPermutations = 2'000;
constexpr double kRounding = 1e-12;

void Shuffle(std::vector<double>& values, RandomStream& random) {
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.Below(i)]);
}

Association Test(std::vector<double> y, absl::FunctionRef<double(const std::vector<double>&)> strength) {
  Association result{.strength = strength(y)};
  RandomStream random(y.size(), 0, RandomPurpose::kPermutations);
  int hits = 0;
  for (int i = 0; i < kPermutations; ++i) {
    Shuffle(y, random);
    if (std::abs(strength(y)) >= std::abs(result.strength) - kRounding) ++hits;
  }
  result.p_value = (1.0 + hits) / (1.0 + kPermutations);
  return result;
}

// With mean 0 and length 1; empty when all are equal.
std::vector<double> Standardized(std::vector<double> values) {
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double square = 0;
  for (double& value : values) {
    value -= mean;
    square += value * value;
  }
  if (square == 0) return {};
  for (double& value : values) value /= std::sqrt(square);
  return values;
}

}  // namespace

std::vector<double> Ranks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    const double shared = static_cast<double>(begin + 1 + end) / 2;
    for (size_t i = begin; i < end; ++i) ranks[order[i]] = shared;
    begin = end;
  }
  return ranks;
}

Association RankCorrelation(const std::vector<double>& x, const std::vector<double>& y) {
  if (x.size() < 3) return {};
  const std::vector<double> a = Standardized(Ranks(x));
  std::vector<double> b = Standardized(Ranks(y));
  if (a.empty() || b.empty()) return {};
  return Test(std::move(b), [&a](const std::vector<double>& order) {
    return std::inner_product(a.begin(), a.end(), order.begin(), 0.0);
  });
}

Association RankCorrelationRatio(const std::vector<int64_t>& categories, const std::vector<double>& y) {
  if (categories.size() < 3) return {};
  std::vector<double> b = Standardized(Ranks(y));
  std::map<int64_t, std::vector<size_t>> members;
  for (size_t i = 0; i < categories.size(); ++i) members[categories[i]].push_back(i);
  if (b.empty() || members.size() < 2) return {};
  return Test(std::move(b), [&members](const std::vector<double>& order) {
    double between = 0;
    for (const auto& [category, indexes] : members) {
      double sum = 0;
      for (size_t i : indexes) sum += order[i];
      between += sum * sum / static_cast<double>(indexes.size());
    }
    return std::sqrt(between);
  });
}

}  // namespace pegbox
