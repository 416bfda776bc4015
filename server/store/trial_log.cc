#include "server/store/trial_log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace pegbox {
namespace {

absl::Status Errno(absl::string_view what, const std::string& path) {
  const int error = errno;
  const std::string text = absl::StrCat("trial log: cannot ", what, " ", path, ": ", strerror(error));
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(text);
  return absl::InternalError(text);
}

// The id and the numbers become a path.
absl::Status CheckPlace(const TrialId& id, int64_t attempt, int64_t offset) {
  PEGBOX_RETURN_IF_ERROR(ValidateResourceId("job_id", id.job_id));
  if (id.number < 1) return absl::InvalidArgumentError(absl::StrCat("number: must be 1 or more, is ", id.number));
  if (attempt < 1) return absl::InvalidArgumentError(absl::StrCat("attempt: must be 1 or more, is ", attempt));
  if (offset < 0) return absl::InvalidArgumentError(absl::StrCat("offset: must be 0 or more, is ", offset));
  return absl::OkStatus();
}

absl::Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return Errno("create", path);
}

absl::Status WriteAll(int file, absl::string_view data, int64_t offset, const std::string& path) {
  while (!data.empty()) {
    const ssize_t written = pwrite(file, data.data(), data.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Errno("write", path);
    data.remove_prefix(static_cast<size_t>(written));
    offset += written;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int64_t> TrialLog::Append(const TrialId& id, int64_t attempt, int64_t offset, absl::string_view data) {
  PEGBOX_RETURN_IF_ERROR(CheckPlace(id, attempt, offset));
  PEGBOX_RETURN_IF_ERROR(MakeFolder(folder_));
  PEGBOX_RETURN_IF_ERROR(MakeFolder(absl::StrCat(folder_, "/", id.job_id)));
  const std::string path = Path(id, attempt);
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return Errno("open", path);
  absl::Cleanup close_file = [file] { close(file); };
  struct stat info;
  if (fstat(file, &info) != 0) return Errno("look at", path);
  const int64_t size = info.st_size;
  if (size >= kMaxBytes) return kMaxBytes;
  if (offset > size) return size;
  data.remove_prefix(std::min<size_t>(size - offset, data.size()));
  data = data.substr(0, static_cast<size_t>(kMaxBytes - size));
  PEGBOX_RETURN_IF_ERROR(WriteAll(file, data, size, path));
  return size + static_cast<int64_t>(data.size());
}

absl::StatusOr<std::string> TrialLog::Read(const TrialId& id, int64_t attempt, int64_t offset, int64_t limit) const {
  PEGBOX_RETURN_IF_ERROR(CheckPlace(id, attempt, offset));
  const std::string path = Path(id, attempt);
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::string();
  if (file < 0) return Errno("open", path);
  absl::Cleanup close_file = [file] { close(file); };
  struct stat info;
  if (fstat(file, &info) != 0) return Errno("look at", path);
  const int64_t wanted = std::clamp<int64_t>(limit, 0, std::max<int64_t>(info.st_size - offset, 0));
  std::string data(static_cast<size_t>(wanted), '\0');
  size_t filled = 0;
  while (filled < data.size()) {
    const ssize_t count =
        pread(file, data.data() + filled, data.size() - filled, offset + static_cast<int64_t>(filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Errno("read", path);
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  data.resize(filled);
  return data;
}

std::string TrialLog::Path(const TrialId& id, int64_t attempt) const {
  return absl::StrCat(folder_, "/", id.job_id, "/", id.number, "-", attempt, ".log");
}

}  // namespace pegbox
