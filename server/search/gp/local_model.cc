#include "server/search/gp/local_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "server/search/random_stream.h"

namespace pegbox {
namespace {

constexpr size_t kExactSize = 2000;
constexpr size_t kBest = 256;  // of the 768
constexpr size_t kNearest = 384;
constexpr size_t kOthers = 128;
constexpr uint64_t kGlobalPeriod = 4;
constexpr double kFirstLength = 0.8;
constexpr double kLargestLength = 1.6;
constexpr double kLeastLength = 0x1p-7;
constexpr int kSuccesses = 3;
constexpr double kImprovement = 1e-3;  // of the best value's magnitude

// Squared distances of the outcomes to `centre` in the kernel's metric.
std::vector<double> SquaredDistances(const FeatureMap& features, const std::vector<Outcome>& outcomes,
                                     const UnitPoint& centre, const Kernel& kernel) {
  std::vector<UnitPoint> points;
  points.reserve(outcomes.size());
  for (const Outcome& outcome : outcomes) points.push_back(outcome.point);
  const FeatureMatrix x = features.Map(points);
  const FeatureMatrix own = features.Map(std::span(&centre, 1));
  std::vector<double> squares(outcomes.size());
  for (size_t j = 0; j < x.dimensions(); ++j) {
    const double weight = kernel.inverse_square_length(j);
    const double* feature = x.feature(j);
    const double at = own.at(j, 0);
    for (size_t i = 0; i < x.count; ++i) {
      const double difference = j < x.numeric ? feature[i] - at : feature[i] != at;
      squares[i] += weight * difference * difference;
    }
  }
  return squares;
}

// The first `count` of order[begin, end) by `is_before` come first.
template <typename Less>
size_t Prefer(std::vector<size_t>& order, size_t begin, size_t count, Less is_before) {
  const auto first = order.begin() + static_cast<int64_t>(begin);
  std::nth_element(first, first + static_cast<int64_t>(count), order.end(), is_before);
  return begin + count;
}

std::vector<Outcome> Chosen(const std::vector<Outcome>& outcomes, std::vector<size_t> order, size_t count) {
  order.resize(count);
  std::sort(order.begin(), order.end());
  std::vector<Outcome> chosen;
  for (size_t i : order) chosen.push_back(outcomes[i]);
  return chosen;
}

SearchBox BoxAround(const UnitCube& cube, const FeatureMap& features, const UnitPoint& centre, const Kernel& kernel,
                    double length) {
  // Sides in proportion to the length-scales, whose geometric mean counts as 1.
  double log_sum = 0;
  for (size_t j = 0; j < features.numeric(); ++j) log_sum -= 0.5 * std::log(kernel.inverse_square_length(j));
  const double scale = std::exp(log_sum / static_cast<double>(std::max<size_t>(features.numeric(), 1)));
  SearchBox box{UnitPoint(centre.size(), 0.0), UnitPoint(centre.size(), 1.0)};
  for (size_t axis = 0; axis < centre.size(); ++axis) {
    const std::optional<size_t> feature = features.FeatureOf(axis);
    if (!feature || centre[axis] == kInactive || cube.axes()[axis].zero_mass > 0) continue;
    const double side = length / (std::sqrt(kernel.inverse_square_length(*feature)) * scale);
    box.lower[axis] = std::max(0.0, centre[axis] - side / 2);
    box.upper[axis] = std::min(1.0, centre[axis] + side / 2);
  }
  return box;
}

}  // namespace

double TrustRegionLength(std::span<const Outcome> outcomes, size_t exact, size_t dimensions) {
  const int patience = static_cast<int>(std::max<size_t>(4, dimensions));
  double length = kFirstLength, best = std::numeric_limits<double>::infinity();
  int successes = 0, failures = 0;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const Outcome& outcome = outcomes[i];
    const bool is_better = !outcome.is_failure && outcome.value < best;
    const bool is_success = is_better && (std::isinf(best) || best - outcome.value > kImprovement * std::abs(best));
    if (is_better) best = outcome.value;
    if (i < exact) continue;
    successes = is_success ? successes + 1 : 0;
    failures = is_success ? 0 : failures + 1;
    if (successes == kSuccesses) {
      length = std::min(2 * length, kLargestLength);
      successes = 0;
    } else if (failures == patience) {
      length /= 2;
      failures = 0;
    }
    if (length < kLeastLength) length = kFirstLength;
  }
  return length;
}

LocalModel ChooseLocalModel(const UnitCube& cube, const FeatureMap& features, const std::vector<Outcome>& outcomes,
                            const Theta& theta, uint64_t seed, uint64_t number) {
  if (outcomes.size() <= kExactSize) return {outcomes, std::nullopt};
  RandomStream random(seed, number, RandomPurpose::kLocalModel);
  std::vector<double> keys(outcomes.size());
  for (double& key : keys) key = random.Uniform();
  std::vector<size_t> order(outcomes.size());
  std::iota(order.begin(), order.end(), 0);
  const auto is_better = [&](size_t a, size_t b) { return IsBetterOutcome(outcomes[a], outcomes[b]); };
  const auto is_drawn_first = [&](size_t a, size_t b) { return std::pair(keys[a], a) < std::pair(keys[b], b); };
  const Outcome best = outcomes[*std::min_element(order.begin(), order.end(), is_better)];

  size_t chosen = Prefer(order, 0, kBest, is_better);
  if (number % kGlobalPeriod == 0) {
    chosen = Prefer(order, chosen, kNearest + kOthers, is_drawn_first);
    return {Chosen(outcomes, std::move(order), chosen), std::nullopt};
  }
  const Kernel kernel(theta);
  const std::vector<double> squares = SquaredDistances(features, outcomes, best.point, kernel);
  chosen = Prefer(order, chosen, kNearest,
                  [&](size_t a, size_t b) { return std::pair(squares[a], a) < std::pair(squares[b], b); });
  chosen = Prefer(order, chosen, kOthers, is_drawn_first);
  const double length = TrustRegionLength(outcomes, kExactSize, features.dimensions());
  return {Chosen(outcomes, std::move(order), chosen), BoxAround(cube, features, best.point, kernel, length)};
}

}  // namespace pegbox
