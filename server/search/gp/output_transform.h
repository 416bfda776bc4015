// From measured values to what the surrogate is trained on. The better half keeps its proportions exactly; the worse
// half is compressed logarithmically, so that a diverged training does not flatten all that matters:
//
//   med = median(y);  g = rms{med - y_i : y_i <= med}
//   y > med:  y <- med + c g log1p((y - med) / (c g)),  c = 4
//   y <- (y - mean) / sd
#pragma once

#include <optional>
#include <span>
#include <vector>

namespace pegbox {

// `y` is finite, less is better. Monotone; the result has mean 0 and standard deviation 1. Nothing: fewer than two
// values, or their spread is lost in rounding.
std::optional<std::vector<double>> TransformOutputs(std::span<const double> y);

}  // namespace pegbox
