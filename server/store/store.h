// Where state rests. Everything that Pegbox acknowledges was committed here first; everything else in the server can be
// derived from what is here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/resource_name.h"
#include "server/domain/measurement.h"
#include "server/domain/trial.h"
#include "server/domain/tuning_job.h"
#include "server/domain/worker.h"

namespace pegbox {

struct TuningJobQuery {
  bool live_only = false;  // neither stopped, completed nor failed
  int64_t limit = 1000;
  std::string after_id;  // a job of the page before: only jobs that come after it in the list's order
};

struct TrialQuery {
  enum class Order { kNumber, kBestFirst };
  std::vector<TrialState> states;  // all states when empty
  int64_t since_revision = 0;      // only trials with a later revision
  Order order = Order::kNumber;    // kBestFirst: by value as `goal` says, trials without one last; equals by number
  Goal goal = Goal::kMinimize;
  int64_t limit = 1000;
  int64_t offset = 0;
};

struct MeasurementQuery {
  enum class Order { kMetricAndStep, kRevision };
  std::optional<int64_t> trial_number;  // every trial of the job when absent
  std::string metric;                   // every metric when empty
  int64_t since_revision = 0;           // only rows with a later revision
  Order order = Order::kMetricAndStep;  // trial, metric, step, attempt; or in the order of their commits
  int64_t limit = 1000;
  int64_t offset = 0;
};

// One consistent view. Every method: DATA_LOSS when the file is damaged, INTERNAL when SQLite says something
// unforeseen.
class Reader {
 public:
  virtual ~Reader() = default;

  // NOT_FOUND: no such job.
  virtual absl::StatusOr<TuningJob> GetTuningJob(absl::string_view job_id) = 0;
  virtual absl::StatusOr<std::optional<TuningJob>> FindTuningJobByRequestId(absl::string_view request_id) = 0;
  // Newest first: by creation time, then id, descending.
  virtual absl::StatusOr<std::vector<TuningJob>> ListTuningJobs(const TuningJobQuery& query) = 0;

  // NOT_FOUND: no such trial.
  virtual absl::StatusOr<Trial> GetTrial(const TrialId& id) = 0;
  virtual absl::StatusOr<std::vector<Trial>> ListTrials(absl::string_view job_id, const TrialQuery& query) = 0;
  virtual absl::StatusOr<TrialCounts> CountTrials(absl::string_view job_id) = 0;
  // The trial with the best value in any state but failed; the lowest number of equals. Nothing: no trial has a value.
  virtual absl::StatusOr<std::optional<Trial>> FindBestTrial(absl::string_view job_id, Goal goal) = 0;
  // Running and stopping trials of every job whose current attempt `worker_id` holds; of all workers when empty.
  virtual absl::StatusOr<std::vector<Trial>> ListLiveTrials(absl::string_view worker_id) = 0;
  // The oldest queued trials of jobs in state RUNNING, at most `limit`, in the order of job creation, then number,
  // leaving out jobs whose live trials have reached max_parallel_jobs, and never more of a job than it has room for.
  // Jobs without a trial template are left out: they are not for workers.
  virtual absl::StatusOr<std::vector<Trial>> ListDispatchableTrials(int64_t limit) = 0;
  // The same of one job, with or without a template.
  virtual absl::StatusOr<std::vector<Trial>> ListDispatchableTrialsOf(absl::string_view job_id, int64_t limit) = 0;
  // The job's running and stopping trials whose current attempt is of this request of this client, by number.
  virtual absl::StatusOr<std::vector<Trial>> ListTrialsOfRequest(absl::string_view job_id, absl::string_view client_id,
                                                                 absl::string_view request_id) = 0;
  // Oldest first, the current one last.
  virtual absl::StatusOr<std::vector<Attempt>> ListAttempts(const TrialId& id) = 0;

  virtual absl::StatusOr<std::vector<TrialMeasurement>> ListMeasurements(absl::string_view job_id,
                                                                         const MeasurementQuery& query) = 0;

  // NOT_FOUND: no such worker.
  virtual absl::StatusOr<Worker> GetWorker(absl::string_view worker_id) = 0;
  virtual absl::StatusOr<std::vector<Worker>> ListWorkers() = 0;  // by id

  // Of the last commit that this view contains. Every commit that changes something has a greater one.
  virtual absl::StatusOr<int64_t> Revision() = 0;
};

// A view that can be changed. What is put is seen by the reads that follow. Puts insert or replace by id.
class Transaction : public Reader {
 public:
  virtual absl::Status PutTuningJob(const TuningJob& job) = 0;
  // With its current attempt. FAILED_PRECONDITION: its job does not exist.
  virtual absl::Status PutTrial(const Trial& trial) = 0;
  // Stores the rows whose (trial, attempt, metric, step) is new; answers with their indexes in `rows`, ascending.
  virtual absl::StatusOr<std::vector<size_t>> InsertMeasurements(const TrialId& id, int64_t attempt,
                                                                 const std::vector<Measurement>& rows) = 0;
  virtual absl::Status PutWorker(const Worker& worker) = 0;
};

// Thread-safe.
class Store {
 public:
  // State changes never wait behind measurements in the queue.
  enum class Priority { kState, kMeasurements };

  virtual ~Store() = default;

  // Runs `body` in a transaction of its own on the writer's thread; returns after its commit (fdatasync) or its
  // rollback. A body must be quick, must not call the store, and may run only once. The body's own error: rolled back,
  // returned as it is. RESOURCE_EXHAUSTED: the disk is full. UNAVAILABLE: the store is closing. DATA_LOSS: the file is
  // damaged, or a commit's outcome is unknown; the store takes nothing more, see failure().
  virtual absl::Status Write(Priority priority, std::function<absl::Status(Transaction&)> body) = 0;

  // Runs `body` in this thread (any thread for an in-memory store) on a view of the last commit. Waits for no writer.
  virtual absl::Status Read(std::function<absl::Status(Reader&)> body) = 0;

  // OK while the store works; else why it takes nothing more. The server then says NOT_SERVING and exits.
  virtual absl::Status failure() const = 0;
};

}  // namespace pegbox
