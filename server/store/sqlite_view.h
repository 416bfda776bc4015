// Reader and the reading half of Transaction over SqliteQueries: exceptions become statuses here, and the first of
// them ends the view, because SQLite may have rolled its transaction back.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite_error.h"
#include "server/store/sqlite_queries.h"
#include "server/store/store.h"

namespace pegbox {

// `Interface` is Reader or Transaction. Not thread-safe.
template <typename Interface>
class SqliteView : public Interface {
 public:
  explicit SqliteView(Connection& connection) : queries_(connection) {}

  // Why the view is of no use any more, or OK.
  const absl::Status& error() const { return error_; }

  absl::StatusOr<TuningJob> GetTuningJob(absl::string_view job_id) override {
    return Guard([&] { return queries_.GetTuningJob(job_id); });
  }
  absl::StatusOr<std::optional<TuningJob>> FindTuningJobByRequestId(absl::string_view request_id) override {
    return Guard([&] { return queries_.FindTuningJobByRequestId(request_id); });
  }
  absl::StatusOr<std::vector<TuningJob>> ListTuningJobs(const TuningJobQuery& query) override {
    return Guard([&] { return queries_.ListTuningJobs(query); });
  }
  absl::StatusOr<Trial> GetTrial(const TrialId& id) override {
    return Guard([&] { return queries_.GetTrial(id); });
  }
  absl::StatusOr<std::vector<Trial>> ListTrials(absl::string_view job_id, const TrialQuery& query) override {
    return Guard([&] { return queries_.ListTrials(job_id, query); });
  }
  absl::StatusOr<TrialCounts> CountTrials(absl::string_view job_id) override {
    return Guard([&] { return queries_.CountTrials(job_id); });
  }
  absl::StatusOr<std::optional<Trial>> FindBestTrial(absl::string_view job_id, Goal goal) override {
    return Guard([&] { return queries_.FindBestTrial(job_id, goal); });
  }
  absl::StatusOr<std::vector<Trial>> ListLiveTrials(absl::string_view worker_id) override {
    return Guard([&] { return queries_.ListLiveTrials(worker_id); });
  }
  absl::StatusOr<std::vector<Trial>> ListDispatchableTrials(int64_t limit) override {
    return Guard([&] { return queries_.ListDispatchableTrials(limit); });
  }
  absl::StatusOr<std::vector<Trial>> ListDispatchableTrialsOf(absl::string_view job_id, int64_t limit) override {
    return Guard([&] { return queries_.ListDispatchableTrialsOf(job_id, limit); });
  }
  absl::StatusOr<std::vector<Trial>> ListTrialsOfRequest(absl::string_view job_id, absl::string_view client_id,
                                                         absl::string_view request_id) override {
    return Guard([&] { return queries_.ListTrialsOfRequest(job_id, client_id, request_id); });
  }
  absl::StatusOr<std::vector<Attempt>> ListAttempts(const TrialId& id) override {
    return Guard([&] { return queries_.ListAttempts(id); });
  }
  absl::StatusOr<std::vector<TrialMeasurement>> ListMeasurements(absl::string_view job_id,
                                                                 const MeasurementQuery& query) override {
    return Guard([&] { return queries_.ListMeasurements(job_id, query); });
  }
  absl::StatusOr<Worker> GetWorker(absl::string_view worker_id) override {
    return Guard([&] { return queries_.GetWorker(worker_id); });
  }
  absl::StatusOr<std::vector<Worker>> ListWorkers() override {
    return Guard([&] { return queries_.ListWorkers(); });
  }
  absl::StatusOr<int64_t> Revision() override {
    return Guard([&] { return queries_.Revision(); });
  }

 protected:
  // The result of `body`; instead of it the view's first error, once there is one.
  template <typename Body>
  auto Guard(Body body) -> decltype(body()) {
    if (!error_.ok()) return error_;
    try {
      auto result = body();
      if (IsFatal(StatusOf(result))) error_ = StatusOf(result);
      return result;
    } catch (const SQLite::Exception& error) {
      error_ = StatusFromSqlite(error, "using the database");
      return error_;
    }
  }

  SqliteQueries queries_;

 private:
  static absl::Status StatusOf(const absl::Status& status) { return status; }
  template <typename T>
  static absl::Status StatusOf(const absl::StatusOr<T>& result) {
    return result.status();
  }

  absl::Status error_;
};

using SqliteReader = SqliteView<Reader>;

}  // namespace pegbox
