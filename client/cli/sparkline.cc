#include "client/cli/sparkline.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pegbox::cli {
namespace {

constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr int kTop = 7;

// Means of the finite values of `width` runs; NaN for a run without any.
std::vector<double> Condense(const std::vector<double>& values, size_t width) {
  const size_t runs = std::min(width, values.size());
  std::vector<double> means(runs);
  for (size_t run = 0; run < runs; ++run) {
    double sum = 0;
    int count = 0;
    for (size_t i = run * values.size() / runs; i < (run + 1) * values.size() / runs; ++i) {
      if (!std::isfinite(values[i])) continue;
      sum += values[i];
      ++count;
    }
    means[run] = count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
  }
  return means;
}

}  // namespace

std::string Sparkline(const std::vector<double>& values, size_t width) {
  const std::vector<double> means = Condense(values, width);
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double mean : means) {
    if (!std::isfinite(mean)) continue;
    low = std::min(low, mean);
    high = std::max(high, mean);
  }
  std::string line;
  for (const double mean : means) {
    if (!std::isfinite(mean)) {
      line += "×";
    } else if (high == low) {
      line += "▄";
    } else {
      // Halves first: high - low of huge numbers may overflow.
      line += kBlocks[static_cast<int>(std::lround(kTop * ((mean / 2 - low / 2) / (high / 2 - low / 2))))];
    }
  }
  return line;
}

}  // namespace pegbox::cli
