// One value of one metric, and which run of which trial reported it.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace pegbox {

struct Measurement {
  std::string metric;
  int64_t step = 0;
  double value = 0;
  absl::Time report_time;
  friend bool operator==(const Measurement&, const Measurement&) = default;
};

struct TrialMeasurement {
  int64_t trial_number = 0;
  int64_t attempt = 0;
  Measurement measurement;
  int64_t revision = 0;  // of the commit that stored it; set by the store
  friend bool operator==(const TrialMeasurement&, const TrialMeasurement&) = default;
};

}  // namespace pegbox
