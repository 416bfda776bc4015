// The one thread that changes the database. It takes all that is queued, state changes first, runs each body in a
// savepoint of one transaction, commits once, and answers all of them: the slower the disk, the larger the batch.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "server/store/sqlite_connection.h"
#include "server/store/store.h"

namespace pegbox {

// Thread-safe.
class SqliteWriter {
 public:
  using Body = std::function<absl::Status(Transaction&)>;

  struct Statistics {
    int64_t queued = 0;       // bodies that wait now
    int64_t bodies = 0;       // run, with any result
    int64_t commits = 0;      // that changed something
    int64_t checkpoints = 0;  // that copied the whole log
  };

  // `revision`: of the last commit. `max_queued`: bodies of one priority that wait; the callers of more are blocked.
  SqliteWriter(std::unique_ptr<Connection> connection, int64_t revision, size_t max_queued);
  ~SqliteWriter() { Close(); }

  // See Store::Write.
  absl::Status Run(Store::Priority priority, const Body& body) ABSL_LOCKS_EXCLUDED(mu_);

  // Takes nothing more, finishes what is queued, checkpoints and closes the database. Can be called again.
  void Close() ABSL_LOCKS_EXCLUDED(mu_);

  // Takes nothing more because of `error`. The first error stays.
  void Fail(const absl::Status& error) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status failure() const ABSL_LOCKS_EXCLUDED(mu_);

  Statistics statistics() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Request {
    const Body* body;
    absl::Status status;
    absl::Notification done;
  };
  using Queue = std::deque<Request*>;

  // The writer's thread.
  void Loop();
  void RunBatch(size_t count);
  absl::Status RunBatchBodies(size_t count, std::vector<Request*>& batch);
  absl::Status RunBody(Request& request);
  absl::Status Commit();
  void RollBack();
  void CheckpointIfDue();
  absl::Status Checkpoint(int mode);
  Request* Take() ABSL_LOCKS_EXCLUDED(mu_);
  size_t WaitForWork() ABSL_LOCKS_EXCLUDED(mu_);
  bool IsIdle() const ABSL_LOCKS_EXCLUDED(mu_);

  // Constant after construction
  const size_t max_queued_;

  // Touched by the writer's thread alone
  std::unique_ptr<Connection> connection_;
  int64_t committed_revision_;
  int64_t revision_;                // with the bodies of the open transaction
  int64_t batch_rows_ = 0;          // written in the open transaction
  int log_pages_ = 0;               // of the write-ahead log after the last commit
  int checkpointed_log_pages_ = 0;  // its size at the last checkpoint

  // Guarded by mu_
  mutable absl::Mutex mu_;
  Queue state_queue_ ABSL_GUARDED_BY(mu_);
  Queue measurement_queue_ ABSL_GUARDED_BY(mu_);
  bool is_closing_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
  Statistics statistics_ ABSL_GUARDED_BY(mu_);

  absl::Mutex close_mu_;
  std::thread thread_ ABSL_GUARDED_BY(close_mu_);
};

}  // namespace pegbox
