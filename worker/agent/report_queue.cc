#include "worker/agent/report_queue.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "common/log.h"

namespace pegbox::worker {
namespace {

// A metric's name has no tab.
std::string ToLine(const ReportRow& row) {
  return absl::StrFormat("%s\t%d\t%.17g\t%d\n", row.measurement.metric, row.measurement.step, row.measurement.value,
                         absl::ToUnixMicros(row.report_time));
}

std::optional<ReportRow> FromLine(absl::string_view line) {
  const std::vector<absl::string_view> parts = absl::StrSplit(line, '\t');
  ReportRow row;
  int64_t microseconds = 0;
  const bool is_read = parts.size() == 4 && absl::SimpleAtoi(parts[1], &row.measurement.step) &&
                       absl::SimpleAtod(parts[2], &row.measurement.value) && absl::SimpleAtoi(parts[3], &microseconds);
  if (!is_read) return std::nullopt;
  row.measurement.metric = std::string(parts[0]);
  row.report_time = absl::FromUnixMicros(microseconds);
  return row;
}

}  // namespace

ReportQueue::ReportQueue(std::string spool_path, std::string objective_metric, Limits limits)
    : spool_path_(std::move(spool_path)), objective_metric_(std::move(objective_metric)), limits_(limits) {}

ReportQueue::~ReportQueue() {
  if (spool_.is_open()) unlink(spool_path_.c_str());
}

void ReportQueue::Add(const Report& report, absl::Time now) {
  if (report.checkpoint) checkpoint_step_ = report.step;
  for (const Measurement& measurement : report.measurements) {
    ReportRow row = {.measurement = measurement, .report_time = now};
    const bool goes_to_memory = spooled_rows_ == 0 && memory_.size() < limits_.memory_rows;
    if (!goes_to_memory && Spool(row)) {
      ++added_rows_;
      continue;
    }
    if (!goes_to_memory && measurement.metric != objective_metric_) {
      if (dropped_rows_++ == 0) Log()->warn("measurements dropped spool={} reason=\"full\"", spool_path_);
      continue;
    }
    // Out of turn when the spool is full: the server orders by step.
    memory_.push_back(std::move(row));
    ++added_rows_;
  }
}

void ReportQueue::Peek(size_t max_rows, ReportMessage& message) const {
  const size_t count = std::min(max_rows, memory_.size());
  message.rows.assign(memory_.begin(), memory_.begin() + static_cast<std::ptrdiff_t>(count));
  message.checkpoint_step = checkpoint_step_;
}

void ReportQueue::Remove(const ReportMessage& message) {
  memory_.erase(memory_.begin(), memory_.begin() + static_cast<std::ptrdiff_t>(message.rows.size()));
  removed_rows_ += static_cast<int64_t>(message.rows.size());
  if (checkpoint_step_ == message.checkpoint_step) checkpoint_step_.reset();
  if (memory_.empty() && spooled_rows_ > 0) Refill();
}

bool ReportQueue::Spool(const ReportRow& row) {
  if (!spool_.is_open()) {
    spool_.open(spool_path_, std::ios::in | std::ios::out | std::ios::trunc | std::ios::binary);
    if (spool_.is_open()) Log()->info("spool started file={}", spool_path_);
  }
  const std::string line = ToLine(row);
  const bool is_objective = row.measurement.metric == objective_metric_;
  if (!is_objective && write_at_ + static_cast<int64_t>(line.size()) > limits_.spool_bytes) return false;
  spool_.clear();
  spool_.seekp(write_at_);
  spool_ << line << std::flush;
  if (!spool_.good()) return false;  // the next row overwrites what was written of this one
  write_at_ += static_cast<int64_t>(line.size());
  ++spooled_rows_;
  return true;
}

void ReportQueue::Refill() {
  spool_.clear();
  spool_.seekg(read_at_);
  std::string line;
  while (spooled_rows_ > 0 && memory_.size() < limits_.memory_rows && std::getline(spool_, line)) {
    read_at_ += static_cast<int64_t>(line.size()) + 1;
    --spooled_rows_;
    std::optional<ReportRow> row = FromLine(line);
    if (row.has_value()) {
      memory_.push_back(*std::move(row));
    } else {
      ++removed_rows_;
      ++dropped_rows_;
    }
  }
  if (memory_.empty() && spooled_rows_ > 0) {
    Log()->error("spool not read back file={} lost_rows={}", spool_path_, spooled_rows_);
    removed_rows_ += spooled_rows_;
    dropped_rows_ += spooled_rows_;
    spooled_rows_ = 0;
  }
  if (spooled_rows_ > 0) return;
  read_at_ = write_at_ = 0;  // all is in memory: the file is written again from its beginning
}

}  // namespace pegbox::worker
