// One report of a trial, in the JSON that the worker reads.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace pegbox::trainer {

struct MetricReport {
  int64_t step = 0;
  std::vector<std::pair<std::string, double>> metrics;
  bool has_checkpoint = false;
};

// {"step":3,"metrics":{"validation:loss":0.4},"checkpoint":true} without a line end. JSON has no NaN and no infinity:
// they are the strings "NaN", "Infinity" and "-Infinity".
std::string SocketLine(const MetricReport& report);

// PEGBOX_METRICS {"step":3,"metrics":{"validation:loss":0.4}} without a line end.
std::string MetricLine(const MetricReport& report);

// "NaN", "Infinity" and "-Infinity" where a number is none, else the number with `decimals` decimals.
std::string FormatMetric(double value, int decimals = 4);

// train:loss=0.4 train:accuracy=0.85 ... with four decimals, for people.
std::string HumanText(const MetricReport& report);

}  // namespace pegbox::trainer
