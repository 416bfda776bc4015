// What a trial says about itself, and its JSON line form: on the trial's socket, or on stdout after "PEGBOX_METRICS ".
// Pure: text in, values out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pegbox::worker {

inline constexpr size_t kMaxReportLineBytes = 64 * 1024;
inline constexpr size_t kMaxMetricsPerReport = 256;
inline constexpr size_t kMaxMetricNameBytes = 128;
inline constexpr int64_t kMaxStep = int64_t{1} << 53;

struct Measurement {
  std::string metric;
  int64_t step = 0;
  double value = 0;  // may be NaN or infinite: that is how a trial tells that it diverged

  friend bool operator==(const Measurement&, const Measurement&) = default;
};

struct Report {
  int64_t step = 0;
  std::vector<Measurement> measurements;
  bool checkpoint = false;  // the trial has just completed a checkpoint of `step`

  bool empty() const { return measurements.empty() && !checkpoint; }
};

// Parses {"step": 3, "metrics": {"validation:accuracy": 0.91}, "checkpoint": true}. `step` is required and at least one
// of the others must say something. A value is a number, or NaN, Infinity, -Infinity, in quotes or (as Python writes
// them) bare. Of a metric named twice the last value counts; an unknown key is an error, so that a typing error shows.
// INVALID_ARGUMENT: the line breaks a rule above or a limit; the message is ASCII, one line, at most 1 KiB.
absl::StatusOr<Report> ParseReportLine(absl::string_view json_line);

// INVALID_ARGUMENT, opening with `field`: not 1 to 128 characters of [A-Za-z0-9_.:/-].
absl::Status ValidateMetricName(absl::string_view field, absl::string_view name);

}  // namespace pegbox::worker
