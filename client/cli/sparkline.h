// A curve in one line of text.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace pegbox::cli {

// One block character a value, the lowest "▁" and the highest "█"; a flat curve is all "▄". More values than `width`
// are cut into `width` runs of nearly the same length, each shown by its mean. What is not finite is shown as "×".
std::string Sparkline(const std::vector<double>& values, size_t width);

}  // namespace pegbox::cli
