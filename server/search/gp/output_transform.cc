#include "server/search/gp/output_transform.h"

#include <algorithm>
#include <cmath>

namespace pegbox {
namespace {

constexpr double kCompression = 4;
constexpr double kMinRelativeSpread = 1e-12;

double LargestMagnitude(std::span<const double> values) {
  double largest = 0;
  for (double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

// Root of the mean square; neither overflows nor underflows. 0 of nothing.
double Rms(std::span<const double> values) {
  const double largest = LargestMagnitude(values);
  if (largest == 0) return 0;
  double sum = 0;
  for (double value : values) sum += (value / largest) * (value / largest);
  return largest * std::sqrt(sum / static_cast<double>(values.size()));
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// g; when at least half of the values are equal and best, the median of what is above them takes its place.
double ScaleOfBetterHalf(std::span<const double> y, double median) {
  std::vector<double> better, worse;
  for (double value : y) {
    if (value <= median) better.push_back(median - value);
    if (value > median) worse.push_back(value - median);
  }
  const double scale = Rms(better);
  return scale > 0 || worse.empty() ? scale : Median(std::move(worse));
}

}  // namespace

std::optional<std::vector<double>> TransformOutputs(std::span<const double> y) {
  // By a power of two, which is exact: differences of values near the largest double must not overflow.
  int exponent = 0;
  std::frexp(LargestMagnitude(y), &exponent);
  std::vector<double> values(y.begin(), y.end());
  for (double& value : values) value = std::ldexp(value, -exponent - 1);

  if (values.size() < 2) return std::nullopt;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  if (*most - *least <= kMinRelativeSpread * LargestMagnitude(values)) return std::nullopt;

  const double median = Median(values);
  const double scale = kCompression * ScaleOfBetterHalf(values, median);
  for (double& value : values) {
    if (value > median) value = median + scale * std::log1p((value - median) / scale);
  }
  double mean = 0;
  for (double value : values) mean += value / static_cast<double>(values.size());
  for (double& value : values) value -= mean;
  const double deviation = Rms(values);
  if (!(deviation > 0)) return std::nullopt;
  for (double& value : values) value /= deviation;
  return values;
}

}  // namespace pegbox
