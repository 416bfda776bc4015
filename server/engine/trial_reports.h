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
  std::optional<WorkerIdentity> worker;  // absent: a client speaks, whose only proof is the attempt's number
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

// How an attempt ended, as its holder says.
struct AttemptEnd {
  std::optional<WorkerIdentity> worker;  // as in TrialReport
  AttemptId id;
  std::vector<Measurement> measurements;  // the last ones
  std::optional<Failure> failure;
};

// Thread-safe; the reports of one attempt come one after the other. Errors beside those named: as Store::Write.
class TrialReports {
 public:
  explicit TrialReports(Core& core) : core_(core) {}

  // Returns after the commit. NOT_FOUND: no such trial. ABORTED: fenced.
  absl::StatusOr<ReportResult> Report(const TrialReport& report);

  // The attempt is over and, of a worker, its processes are gone. Answers with the trial as it is judged: its last
  // measurements count, but no rule is asked about them. Safe to repeat. NOT_FOUND: no such trial. ABORTED: fenced.
  absl::StatusOr<Trial> Finish(const AttemptEnd& end);

 private:
  // What a report brought that was not there before.
  struct NewRows {
    int64_t count = 0;
    std::vector<Measurement> of_objective;
  };
  absl::Status Commit(const TrialReport& report, const Objective& objective, Trial& trial, NewRows& new_rows);
  // Asks the rules; a stop is state before anybody hears of it.
  absl::Status Judge(LiveJob& live_job, const std::vector<Measurement>& new_rows, Trial& trial);

  Core& core_;
};

}  // namespace pegbox
