// The database's file and its surroundings: one server a data folder, private to its user, on a local disk.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pegbox {

// The open lock of one database; released when destroyed, and by the system when the process dies.
class DataFile {
 public:
  // Creates the database's file when this is the first start, with mode 0600 like all beside it. FAILED_PRECONDITION:
  // another server holds the lock, the file system is a network's, or the folder cannot be used. DATA_LOSS: there was
  // a database before, and now its file is missing or empty.
  static absl::StatusOr<DataFile> Lock(const std::string& path);

  DataFile(DataFile&& other) noexcept;
  DataFile& operator=(DataFile&&) = delete;
  ~DataFile();

  // Takes the rights of group and others away from a file that was there before.
  absl::Status MakePrivate();

  // From now on an empty database is a lost one. Syncs the folder, so that the file's name is durable too.
  absl::Status MarkCreated();

 private:
  DataFile(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  absl::Status CreateIfNew();

  std::string path_;
  int lock_;
};

}  // namespace pegbox
