#include "server/store/sqlite_writer.h"

#include <sqlite3.h>

#include <utility>

#include "common/status_macros.h"
#include "server/store/sqlite_error.h"
#include "server/store/sqlite_transaction.h"

namespace pegbox {
namespace {

// A commit's size: larger ones cost latency and gain no throughput.
constexpr int64_t kMaxBatchRows = 1024;

// Pages that the write-ahead log gains before it is copied into the database: when there is nothing else to do, and
// in any case.
constexpr int kIdleCheckpointPages = 1000;
constexpr int kBusyCheckpointPages = 4000;

int RememberLogPages(void* log_pages, sqlite3*, const char*, int pages) {
  *static_cast<int*>(log_pages) = pages;
  return SQLITE_OK;
}

}  // namespace

SqliteWriter::SqliteWriter(std::unique_ptr<Connection> connection, int64_t revision, size_t max_queued)
    : max_queued_(max_queued), connection_(std::move(connection)), committed_revision_(revision), revision_(revision) {
  sqlite3_wal_hook(connection_->database().getHandle(), RememberLogPages, &log_pages_);
  thread_ = std::thread([this] { Loop(); });
}

absl::Status SqliteWriter::Run(Store::Priority priority, const Body& body) {
  Request request{&body};
  {
    absl::MutexLock lock(&mu_);
    Queue& queue = priority == Store::Priority::kState ? state_queue_ : measurement_queue_;
    auto may_go_on = [&] {
      mu_.AssertReaderHeld();
      return is_closing_ || !failure_.ok() || queue.size() < max_queued_;
    };
    mu_.Await(absl::Condition(&may_go_on));
    if (!failure_.ok()) return failure_;
    if (is_closing_) return absl::UnavailableError("store: is closing; try again when the server is back");
    queue.push_back(&request);
  }
  request.done.WaitForNotification();
  return request.status;
}

void SqliteWriter::Close() {
  absl::MutexLock close_lock(&close_mu_);
  {
    absl::MutexLock lock(&mu_);
    is_closing_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void SqliteWriter::Fail(const absl::Status& error) {
  absl::MutexLock lock(&mu_);
  failure_.Update(error);
}

absl::Status SqliteWriter::failure() const {
  absl::MutexLock lock(&mu_);
  return failure_;
}

SqliteWriter::Statistics SqliteWriter::statistics() const {
  absl::MutexLock lock(&mu_);
  Statistics statistics = statistics_;
  statistics.queued = static_cast<int64_t>(state_queue_.size() + measurement_queue_.size());
  return statistics;
}

void SqliteWriter::Loop() {
  while (const size_t count = WaitForWork()) {
    RunBatch(count);
    CheckpointIfDue();
  }
  if (failure().ok() && !connection_->is_in_memory()) Checkpoint(SQLITE_CHECKPOINT_TRUNCATE).IgnoreError();
  connection_.reset();
}

// The number of bodies queued; 0 when the store is closing and nothing is left.
size_t SqliteWriter::WaitForWork() {
  absl::MutexLock lock(&mu_);
  auto has_work = [&] {
    mu_.AssertReaderHeld();
    return is_closing_ || !state_queue_.empty() || !measurement_queue_.empty();
  };
  mu_.Await(absl::Condition(&has_work));
  return state_queue_.size() + measurement_queue_.size();
}

bool SqliteWriter::IsIdle() const {
  absl::MutexLock lock(&mu_);
  return state_queue_.empty() && measurement_queue_.empty();
}

SqliteWriter::Request* SqliteWriter::Take() {
  absl::MutexLock lock(&mu_);
  Queue& queue = state_queue_.empty() ? measurement_queue_ : state_queue_;
  if (queue.empty()) return nullptr;
  Request* request = queue.front();
  queue.pop_front();
  return request;
}

// Answers about `count` bodies, all in one commit.
void SqliteWriter::RunBatch(size_t count) {
  std::vector<Request*> batch;
  absl::Status outcome = failure();
  if (outcome.ok()) outcome = RunBatchBodies(count, batch);
  if (outcome.ok()) outcome = Commit();
  if (outcome.ok()) {
    absl::MutexLock lock(&mu_);
    statistics_.bodies += static_cast<int64_t>(batch.size());
    if (revision_ != committed_revision_) ++statistics_.commits;
  } else {
    RollBack();
    if (IsFatal(outcome)) Fail(outcome);
    // Bodies that have not run yet get another transaction, unless none can be had.
    const bool is_hopeless = batch.empty() || IsFatal(outcome);
    while (is_hopeless && batch.size() < count) batch.push_back(Take());
  }
  committed_revision_ = revision_;
  for (Request* request : batch) {
    if (request->status.ok()) request->status = outcome;
    request->done.Notify();
  }
}

// Fails when the transaction as a whole has.
absl::Status SqliteWriter::RunBatchBodies(size_t count, std::vector<Request*>& batch) {
  PEGBOX_RETURN_IF_ERROR(CatchSqlite("beginning a transaction", [&] {
    connection_->Execute("BEGIN IMMEDIATE");
    return absl::OkStatus();
  }));
  batch_rows_ = 0;
  while (batch.size() < count && batch_rows_ < kMaxBatchRows) {
    batch.push_back(Take());
    PEGBOX_RETURN_IF_ERROR(RunBody(*batch.back()));
  }
  return absl::OkStatus();
}

// Leaves the body's result in `request`. Fails when the whole transaction has.
absl::Status SqliteWriter::RunBody(Request& request) {
  return CatchSqlite("running a transaction", [&]() -> absl::Status {
    connection_->Execute("SAVEPOINT body");
    SqliteTransaction transaction(*connection_, revision_);
    request.status = (*request.body)(transaction);
    if (!transaction.error().ok()) request.status = transaction.error();
    if (!connection_->InTransaction() || IsFatal(transaction.error())) return request.status;
    if (request.status.ok()) {
      batch_rows_ += transaction.rows_written();
      revision_ = *transaction.Revision();
    } else {
      connection_->Execute("ROLLBACK TO body");
    }
    connection_->Execute("RELEASE body");
    return absl::OkStatus();
  });
}

absl::Status SqliteWriter::Commit() {
  return CatchSqlite("committing", [&]() -> absl::Status {
    if (revision_ != committed_revision_) {
      Query(*connection_, "UPDATE store_state SET revision = ?").Bind(revision_).Run();
    }
    connection_->Execute("COMMIT");
    return absl::OkStatus();
  });
}

void SqliteWriter::RollBack() {
  revision_ = committed_revision_;
  if (!connection_->InTransaction()) return;
  const absl::Status status = CatchSqlite("rolling back", [&] {
    connection_->Execute("ROLLBACK");
    return absl::OkStatus();
  });
  if (!status.ok()) Fail(absl::DataLossError(status.message()));
}

void SqliteWriter::CheckpointIfDue() {
  if (log_pages_ < checkpointed_log_pages_) checkpointed_log_pages_ = 0;  // the log began anew
  const int gained = log_pages_ - checkpointed_log_pages_;
  if (gained < kIdleCheckpointPages || !failure().ok()) return;
  if (gained < kBusyCheckpointPages && !IsIdle()) return;
  if (absl::Status status = Checkpoint(SQLITE_CHECKPOINT_PASSIVE); IsFatal(status)) Fail(status);
}

// RESOURCE_EXHAUSTED and UNAVAILABLE: the log just goes on growing. DATA_LOSS: the disk failed.
absl::Status SqliteWriter::Checkpoint(int mode) {
  return CatchSqlite("checkpointing", [&]() -> absl::Status {
    int pages = 0, copied = 0;
    SQLite::Database& database = connection_->database();
    checkpointed_log_pages_ = log_pages_;
    database.check(sqlite3_wal_checkpoint_v2(database.getHandle(), nullptr, mode, &pages, &copied));
    absl::MutexLock lock(&mu_);
    if (copied == pages) ++statistics_.checkpoints;
    return absl::OkStatus();
  });
}

}  // namespace pegbox
