// One message of an attempt's report, and its answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "worker/metrics/report.h"

namespace pegbox::worker {

struct ReportRow {
  Measurement measurement;
  absl::Time report_time;
};

struct ReportMessage {
  std::vector<ReportRow> rows;  // up to 1,024
  std::string log_data;         // up to 64 KiB
  int64_t log_offset = 0;       // where log_data begins
  std::optional<int64_t> checkpoint_step;
  std::string checkpoint_path;  // with checkpoint_step
};

struct ReportReply {
  bool should_stop = false;
  std::string stop_reason;
  int64_t log_size_bytes = 0;  // of the attempt's log at the server
};

}  // namespace pegbox::worker
