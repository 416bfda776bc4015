#include "server/store/data_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace pegbox {
namespace {

constexpr int64_t kCifsMagic = 0xFF534D42;
constexpr char kCreatedMark[] = "created\n";

std::string FolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

absl::Status Errno(absl::string_view what, const std::string& path) {
  const int error = errno;
  const std::string text = absl::StrCat("data folder: cannot ", what, " ", path, ": ", strerror(error));
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(text);
  if (error == EIO) return absl::DataLossError(text);
  return absl::FailedPreconditionError(text);
}

// SQLite's locks and shared memory need a local disk.
absl::Status CheckLocal(const std::string& folder) {
  struct statfs info;
  if (statfs(folder.c_str(), &info) != 0) return Errno("look at", folder);
  const int64_t type = static_cast<uint32_t>(info.f_type);
  if (type == NFS_SUPER_MAGIC || type == SMB_SUPER_MAGIC || type == kCifsMagic) {
    return absl::FailedPreconditionError(
        absl::StrCat("data folder ", folder, ": must be on a local disk, is on a network file system; choose another"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DataFile> DataFile::Lock(const std::string& path) {
  const std::string folder = FolderOf(path);
  PEGBOX_RETURN_IF_ERROR(CheckLocal(folder));
  const std::string lock_path = absl::StrCat(path, ".lock");
  const int lock = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return Errno("open", lock_path);
  DataFile file(path, lock);
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Errno("lock", lock_path);
    return absl::FailedPreconditionError(absl::StrCat("data folder ", folder, ": another server is using it (it holds ",
                                                      lock_path, "); stop that server, or choose another data folder"));
  }
  PEGBOX_RETURN_IF_ERROR(file.CreateIfNew());
  return file;
}

DataFile::DataFile(DataFile&& other) noexcept : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFile::~DataFile() {
  if (lock_ >= 0) close(lock_);
}

absl::Status DataFile::CreateIfNew() {
  const int database = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (database < 0) return Errno("open", path_);
  absl::Cleanup close_database = [database] { close(database); };
  struct stat info, lock_info;
  if (fstat(database, &info) != 0 || fstat(lock_, &lock_info) != 0) return Errno("look at", path_);
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat("database ", path_, ": is not a regular file"));
  }
  if (info.st_size == 0 && lock_info.st_size > 0) {
    return absl::DataLossError(absl::StrCat("database ", path_,
                                            ": is missing or empty, but held data before; restore the last backup, or "
                                            "remove ",
                                            path_, ".lock to start with nothing"));
  }
  return absl::OkStatus();
}

absl::Status DataFile::MakePrivate() {
  // By name: closing another descriptor of the file would release SQLite's locks on it.
  return chmod(path_.c_str(), 0600) == 0 ? absl::OkStatus() : Errno("make private", path_);
}

absl::Status DataFile::MarkCreated() {
  struct stat info;
  if (fstat(lock_, &info) != 0) return Errno("look at", path_);
  if (info.st_size > 0) return absl::OkStatus();
  const std::string folder = FolderOf(path_);
  const int directory = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return Errno("open", folder);
  absl::Cleanup close_directory = [directory] { close(directory); };
  // The mark must not outlive the database's name.
  if (fsync(directory) != 0) return Errno("sync", folder);
  if (write(lock_, kCreatedMark, sizeof(kCreatedMark) - 1) < 0 || fsync(lock_) != 0) return Errno("mark", path_);
  return absl::OkStatus();
}

}  // namespace pegbox
