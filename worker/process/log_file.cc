#include "worker/process/log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace pegbox::worker {
namespace {

constexpr int64_t kMarkerBytes = 128;  // room in the head for the line that says what is left out

absl::StatusOr<UniqueFd> OpenEmpty(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600));
  if (!fd.is_open()) return ErrnoStatus(errno, absl::StrCat("log_path: cannot open ", path));
  return fd;
}

}  // namespace

absl::StatusOr<LogFile> LogFile::Open(const std::string& path, int64_t limit_bytes) {
  if (limit_bytes < kMinLimitBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("log_limit_bytes: must be at least ", kMinLimitBytes, "; got ", limit_bytes));
  }
  LogFile log;
  log.head_limit_bytes_ = limit_bytes / 2 - kMarkerBytes;
  log.tail_limit_bytes_ = limit_bytes / 6;
  log.head_.path = path;
  PEGBOX_ASSIGN_OR_RETURN(log.head_.fd, OpenEmpty(path));
  for (size_t i = 0; i < log.tails_.size(); ++i) {
    log.tails_[i].path = absl::StrCat(path, ".tail", i);
    unlink(log.tails_[i].path.c_str());  // of a worker that was killed
  }
  return log;
}

void LogFile::Append(absl::string_view bytes) {
  total_bytes_ += static_cast<int64_t>(bytes.size());
  const int64_t room = head_limit_bytes_ - head_.size_bytes;
  const size_t to_head = static_cast<size_t>(std::clamp<int64_t>(room, 0, static_cast<int64_t>(bytes.size())));
  if (to_head > 0) WriteTo(head_, bytes.substr(0, to_head));
  bytes.remove_prefix(to_head);
  if (!bytes.empty()) AppendToTail(bytes);
}

void LogFile::AppendToTail(absl::string_view bytes) {
  while (!bytes.empty()) {
    if (tails_[current_tail_].size_bytes >= tail_limit_bytes_) {
      current_tail_ = 1 - current_tail_;
      Part& emptied = tails_[current_tail_];
      left_out_bytes_ += emptied.size_bytes;
      emptied.fd.Reset();
      emptied.size_bytes = 0;
    }
    Part& tail = tails_[current_tail_];
    if (!tail.fd.is_open()) {
      absl::StatusOr<UniqueFd> fd = OpenEmpty(tail.path);
      if (!fd.ok()) {
        status_.Update(fd.status());
        left_out_bytes_ += static_cast<int64_t>(bytes.size());
        return;
      }
      tail.fd = *std::move(fd);
    }
    const int64_t room = tail_limit_bytes_ - tail.size_bytes;
    const size_t size = std::min(static_cast<size_t>(room), bytes.size());
    WriteTo(tail, bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

// The size counts bytes that could not be written too: a full disk must not make a part grow without end.
void LogFile::WriteTo(Part& part, absl::string_view bytes) {
  part.size_bytes += static_cast<int64_t>(bytes.size());
  status_.Update(WriteAll(part.fd.get(), bytes));
}

void LogFile::Close() {
  if (left_out_bytes_ > 0) {
    status_.Update(WriteAll(head_.fd.get(), absl::StrCat("\n[pegbox: ", left_out_bytes_, " bytes left out here]\n")));
  }
  MoveToHead(tails_[1 - current_tail_]);
  MoveToHead(tails_[current_tail_]);
  head_.fd.Reset();
}

void LogFile::MoveToHead(Part& part) {
  if (!part.fd.is_open()) return;
  std::vector<char> buffer(64 * 1024);
  int64_t offset = 0;
  ssize_t size = 0;
  while ((size = pread(part.fd.get(), buffer.data(), buffer.size(), offset)) > 0) {
    status_.Update(WriteAll(head_.fd.get(), absl::string_view(buffer.data(), static_cast<size_t>(size))));
    offset += size;
  }
  if (size < 0) status_.Update(ErrnoStatus(errno, part.path));
  part.fd.Reset();
  unlink(part.path.c_str());
}

}  // namespace pegbox::worker
