// What a running trial says: its measurements, its output, and how it ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/engine/core.h"
#include "server/engine/worker_sessions.h"

namespace pegbox {

struct TrialReport {
  WorkerIdentity worker;
  AttemptId id;
  std::vector<Measurement> measurements;
  std::optional<int64_t> checkpoint_step;
  std::string checkpoint_path;
  int64_t log_offset = 0;
  std::string log_data;
};

struct ReportResult {
  int64_t new_measurements = 0;
  int64_t log_size = 0;              // bytes that the server has, or had when it is full
  std::optional<StopDecision> stop;  // the trial should end
};

// Thread-safe; the reports of one attempt come one after the other. Errors beside those named: as Store::Write.
class TrialReports {
 public:
  explicit TrialReports(Core& core) : core_(core) {}

  // Returns after the commit. NOT_FOUND: no such trial. ABORTED: fenced.
  absl::StatusOr<ReportResult> Report(const TrialReport& report);

  // The attempt is over and its processes are gone. Safe to repeat. NOT_FOUND: no such trial. ABORTED: fenced.
  absl::Status Finish(const WorkerIdentity& worker, const AttemptId& id, std::optional<Failure> failure);

 private:
  // Stores the rows; returns the trial and which rows of the objective are new.
  absl::Status Commit(const TrialReport& report, Trial& trial, std::vector<Measurement>& new_objective_rows,
                      int64_t& new_measurements);
  // Asks the rules; a stop is state before anybody hears of it.
  absl::Status Judge(LiveJob& live_job, const std::vector<Measurement>& new_rows, Trial& trial);

  Core& core_;
};

}  // namespace pegbox
