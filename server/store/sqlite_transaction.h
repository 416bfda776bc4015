// The puts of Transaction. Lives inside a transaction, or a savepoint of one, that its owner begins and ends.
#pragma once

#include <cstdint>
#include <vector>

#include "server/store/sqlite_view.h"

namespace pegbox {

class SqliteTransaction : public SqliteView<Transaction> {
 public:
  // `revision`: of the change before this one. What is written here is stamped with the number after it.
  SqliteTransaction(Connection& connection, int64_t revision)
      : SqliteView<Transaction>(connection), connection_(connection), base_revision_(revision) {}

  absl::Status PutTuningJob(const TuningJob& job) override;
  absl::Status PutTrial(const Trial& trial) override;
  // Also FAILED_PRECONDITION: no such trial.
  absl::StatusOr<std::vector<size_t>> InsertMeasurements(const TrialId& id, int64_t attempt,
                                                         const std::vector<Measurement>& rows) override;
  absl::Status PutWorker(const Worker& worker) override;

  // The base's number as long as nothing was written. The one in the file follows with the commit.
  absl::StatusOr<int64_t> Revision() override { return base_revision_ + (rows_written_ > 0 ? 1 : 0); }
  int64_t rows_written() const { return rows_written_; }

 private:
  int64_t NewRevision() const { return base_revision_ + 1; }
  void WriteTuningJob(const TuningJob& job);
  absl::Status WriteTrial(const Trial& trial);
  void WriteAttempt(int64_t trial_key, const Attempt& attempt);
  absl::StatusOr<std::vector<size_t>> WriteMeasurements(const TrialId& id, int64_t attempt,
                                                        const std::vector<Measurement>& rows);
  int64_t InternMetric(int64_t job_key, const std::string& name);

  Connection& connection_;
  const int64_t base_revision_;
  int64_t rows_written_ = 0;
};

}  // namespace pegbox
