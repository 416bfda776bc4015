// What people ask of Pegbox: create, watch, change and stop jobs and trials. Each change is one transaction around
// domain rules; a rejected request changes nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/engine/core.h"

namespace pegbox {

// A job with what is counted over its trials.
struct TuningJobView {
  TuningJob job;
  TrialCounts counts;
  std::optional<int64_t> best_trial;  // number
};

struct CreateTuningJobRequest {
  std::string job_id;      // made from the display name when empty
  std::string request_id;  // empty: not safe to repeat
  TuningJobSpec spec;      // search space valid by its type; the rest is validated here
};

// What changed in a job after a revision.
struct JobChanges {
  int64_t revision = 0;     // ask from here on next time
  bool is_complete = true;  // false: more is there already
  std::optional<TuningJobView> job;
  std::vector<Trial> trials;
  std::vector<TrialMeasurement> measurements;
};

struct LimitChanges {
  std::optional<int64_t> max_jobs;
  std::optional<int64_t> max_parallel_jobs;
  std::optional<absl::Duration> max_runtime;
};

enum class WorkerState { kOnline, kSuspect, kOffline };

struct WorkerView {
  Worker worker;
  WorkerState state = WorkerState::kOffline;
  std::optional<absl::Time> last_heard;
  std::vector<TrialId> running_trials;
};

// Thread-safe. Errors beside those named: as Store::Read and Store::Write.
class TuningJobs {
 public:
  explicit TuningJobs(Core& core) : core_(core) {}

  // INVALID_ARGUMENT: the specification or the id breaks a rule. ALREADY_EXISTS: the id is taken, or the request_id was
  // used with another specification or id.
  absl::StatusOr<TuningJobView> Create(CreateTuningJobRequest request);

  // NOT_FOUND, here and below: no such job or trial.
  absl::StatusOr<TuningJobView> Get(absl::string_view job_id);
  absl::StatusOr<std::vector<TuningJobView>> List(const TuningJobQuery& query);
  // FAILED_PRECONDITION: the job has ended. INVALID_ARGUMENT: a limit out of range, or max_jobs below the trials that
  // exist.
  absl::StatusOr<TuningJobView> Update(absl::string_view job_id, const LimitChanges& changes);
  // FAILED_PRECONDITION: ended, or ending, for another reason.
  absl::StatusOr<TuningJobView> Stop(absl::string_view job_id);
  // FAILED_PRECONDITION: neither running nor paused.
  absl::StatusOr<TuningJobView> Pause(absl::string_view job_id);
  absl::StatusOr<TuningJobView> Resume(absl::string_view job_id);

  // At most a few thousand rows at a time; `is_complete` says whether that was all.
  absl::StatusOr<JobChanges> ChangesSince(absl::string_view job_id, int64_t revision);

  absl::StatusOr<Trial> GetTrial(const TrialId& id);
  absl::StatusOr<std::vector<Attempt>> ListAttempts(const TrialId& id);
  absl::StatusOr<std::vector<Trial>> ListTrials(absl::string_view job_id, TrialQuery query);
  // FAILED_PRECONDITION: the trial has ended otherwise.
  absl::StatusOr<Trial> StopTrial(const TrialId& id);
  absl::StatusOr<std::vector<TrialMeasurement>> ListMeasurements(const TrialId& id, const MeasurementQuery& query);
  // Up to `limit` bytes of an attempt's output; empty at its end.
  absl::StatusOr<std::string> ReadLog(const TrialId& id, int64_t attempt, int64_t offset, int64_t limit);

  absl::StatusOr<std::vector<WorkerView>> ListWorkers();

  ChangeSignal& signal() { return core_.signal; }

 private:
  // One transaction on the job: `change` may alter it; it is stored when it was.
  absl::StatusOr<TuningJobView> Change(absl::string_view job_id,
                                       const std::function<absl::Status(TuningJob&, const TrialCounts&)>& change);

  Core& core_;
};

}  // namespace pegbox
