// The rows of an attempt that the server has not yet acknowledged, in order. The oldest are in memory, the others,
// while the server is away for long, in a spool file. Rows of the objective are never dropped.
#pragma once

#include <cstdint>
#include <deque>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "worker/agent/report_message.h"
#include "worker/metrics/report.h"

namespace pegbox::worker {

// Thread-compatible.
class ReportQueue {
 public:
  struct Limits {
    size_t memory_rows = 10'000;
    int64_t spool_bytes = int64_t{256} << 20;  // beyond it only rows of the objective are taken
  };

  // The file is made when it is needed, and removed with the queue.
  ReportQueue(std::string spool_path, std::string objective_metric, Limits limits);
  ~ReportQueue();
  ReportQueue(const ReportQueue&) = delete;
  ReportQueue& operator=(const ReportQueue&) = delete;

  void Add(const Report& report, absl::Time now);

  // The oldest rows, up to `max_rows`, and the newest checkpoint mark, into a message. They stay in the queue.
  void Peek(size_t max_rows, ReportMessage& message) const;
  // The server has them, or will never take them.
  void Remove(const ReportMessage& message);

  bool empty() const { return memory_.empty() && !has_checkpoint(); }
  bool has_checkpoint() const { return checkpoint_step_.has_value(); }
  // Rows taken in and rows removed since the beginning: all that was added at one time is gone when the second number
  // has reached the first one of that time.
  int64_t added_rows() const { return added_rows_; }
  int64_t removed_rows() const { return removed_rows_; }
  int64_t dropped_rows() const { return dropped_rows_; }

 private:
  // False: the row is not in the file.
  bool Spool(const ReportRow& row);
  // Reads rows back, up to Limits.memory_rows, once memory is empty; the file shrinks when it has been read.
  void Refill();

  const std::string spool_path_;
  const std::string objective_metric_;
  const Limits limits_;
  std::deque<ReportRow> memory_;
  std::optional<int64_t> checkpoint_step_;
  std::fstream spool_;
  int64_t spooled_rows_ = 0;  // not yet read back
  int64_t write_at_ = 0;
  int64_t read_at_ = 0;
  int64_t added_rows_ = 0;
  int64_t removed_rows_ = 0;
  int64_t dropped_rows_ = 0;
};

}  // namespace pegbox::worker
