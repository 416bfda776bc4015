// The reads of Reader on one connection, inside whatever transaction is open there. Throws SQLite::Exception.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/store/sqlite_connection.h"
#include "server/store/store.h"

namespace pegbox {

class SqliteQueries {
 public:
  explicit SqliteQueries(Connection& connection) : connection_(connection) {}

  // Each as the method of Reader with its name.
  absl::StatusOr<TuningJob> GetTuningJob(absl::string_view job_id);
  absl::StatusOr<std::optional<TuningJob>> FindTuningJobByRequestId(absl::string_view request_id);
  // Also NOT_FOUND: query.after_id is no job's.
  absl::StatusOr<std::vector<TuningJob>> ListTuningJobs(const TuningJobQuery& query);
  absl::StatusOr<Trial> GetTrial(const TrialId& id);
  absl::StatusOr<std::vector<Trial>> ListTrials(absl::string_view job_id, const TrialQuery& query);
  absl::StatusOr<TrialCounts> CountTrials(absl::string_view job_id);
  absl::StatusOr<std::optional<Trial>> FindBestTrial(absl::string_view job_id, Goal goal);
  absl::StatusOr<std::vector<Trial>> ListLiveTrials(absl::string_view worker_id);
  absl::StatusOr<std::vector<Trial>> ListDispatchableTrials(int64_t limit);
  absl::StatusOr<std::vector<Trial>> ListDispatchableTrialsOf(absl::string_view job_id, int64_t limit);
  absl::StatusOr<std::vector<Trial>> ListTrialsOfRequest(absl::string_view job_id, absl::string_view client_id,
                                                         absl::string_view request_id);
  absl::StatusOr<std::vector<Attempt>> ListAttempts(const TrialId& id);
  absl::StatusOr<std::vector<TrialMeasurement>> ListMeasurements(absl::string_view job_id,
                                                                 const MeasurementQuery& query);
  absl::StatusOr<Worker> GetWorker(absl::string_view worker_id);
  absl::StatusOr<std::vector<Worker>> ListWorkers();
  absl::StatusOr<int64_t> Revision();

  // Row keys, which never leave the store; nothing when there is no such row.
  struct TrialKey {
    int64_t job;
    int64_t trial;
  };
  std::optional<int64_t> FindJobKey(absl::string_view job_id);
  std::optional<TrialKey> FindTrialKey(const TrialId& id);

 private:
  // Of the jobs that `jobs` answers with, as (key, room).
  absl::StatusOr<std::vector<Trial>> ListDispatchable(Query& jobs, int64_t limit);

  Connection& connection_;
};

}  // namespace pegbox
