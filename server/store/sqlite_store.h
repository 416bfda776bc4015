// The store in one SQLite file. An acknowledged write was committed with fdatasync; times rest to the microsecond.
// No other program may open the file while the server runs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/store/store.h"

namespace pegbox {

class Connection;
class DataFile;
class SqliteWriter;

// Thread-safe.
class SqliteStore : public Store {
 public:
  struct Options {
    // The database's file, created with mode 0600 when it is not there; its folder must exist. Or ":memory:".
    std::string path;
    // The file's greatest size; 0: the disk's. A write that needs more: RESOURCE_EXHAUSTED.
    int64_t max_bytes = 0;
    // Bodies of one priority that wait for the writer; callers of more are blocked. At least 1.
    int64_t max_queued_writes = 4096;
    // Reads at the same time; callers of more are blocked. At least 1.
    int64_t max_readers = 16;
  };

  // Of this process.
  struct Statistics {
    int64_t queued_writes = 0;  // bodies that wait now
    int64_t writes = 0;         // bodies run, with any result
    int64_t commits = 0;        // that changed something
    int64_t checkpoints = 0;    // that copied the whole write-ahead log
  };

  // Opens and checks the file and brings it to this version's schema. INVALID_ARGUMENT: an option outside its limits.
  // FAILED_PRECONDITION: another server uses the folder, it cannot be used (rights, network file system), or the file
  // is another program's or a newer Pegbox's. DATA_LOSS: the file is damaged, or gone although it was there before;
  // it is left as it is. RESOURCE_EXHAUSTED: the disk is full.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const Options& options);

  ~SqliteStore() override;

  absl::Status Write(Priority priority, std::function<absl::Status(Transaction&)> body) override;
  // Also UNAVAILABLE: the store is closing.
  absl::Status Read(std::function<absl::Status(Reader&)> body) override;
  absl::Status failure() const override;

  // Takes nothing more, finishes what is queued or being read, and closes the file. Can be called again.
  void Close();

  Statistics statistics() const;

 private:
  SqliteStore(const Options& options, std::unique_ptr<DataFile> file, std::unique_ptr<SqliteWriter> writer);

  absl::StatusOr<std::unique_ptr<Connection>> BorrowReader() ABSL_LOCKS_EXCLUDED(mu_);
  void ReturnReader(std::unique_ptr<Connection> reader) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status ReadWith(Connection& connection, const std::function<absl::Status(Reader&)>& body);

  // Constant after construction
  const Options options_;
  const std::unique_ptr<DataFile> file_;

  // Own synchronisation
  const std::unique_ptr<SqliteWriter> writer_;

  // Guarded by mu_
  absl::Mutex mu_;
  std::vector<std::unique_ptr<Connection>> idle_readers_ ABSL_GUARDED_BY(mu_);
  int64_t readers_in_use_ ABSL_GUARDED_BY(mu_) = 0;
  bool is_closing_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace pegbox
