// A file that keeps the head and the tail of what is written to it, within a limit.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/process/unique_fd.h"

namespace pegbox::worker {

// The first half of the limit goes to `path`. What comes after goes in turn to `path`.tail0 and `path`.tail1, each
// a sixth of the limit, the older of which is emptied when the newer is full. Close appends both to `path`, after
// a line that says how much is left out, so that the file reads from its beginning to its end; the disk never holds
// more than the limit. Up to five sixths of the limit nothing is left out. Thread-compatible.
class LogFile {
 public:
  static constexpr int64_t kMinLimitBytes = 4096;

  // Creates or empties the file, mode 0600.
  // INVALID_ARGUMENT: a limit under 4 KiB; else as ErrnoStatus, with `log_path` first (a link is never followed).
  static absl::StatusOr<LogFile> Open(const std::string& path, int64_t limit_bytes);

  // Never fails: what cannot be written (disk full) is counted, and the first reason kept in status().
  void Append(absl::string_view bytes);

  // Joins head and tail. Call once, last.
  void Close();

  int64_t total_bytes() const { return total_bytes_; }
  int64_t left_out_bytes() const { return left_out_bytes_; }
  const absl::Status& status() const { return status_; }

 private:
  struct Part {
    std::string path;
    UniqueFd fd;
    int64_t size_bytes = 0;
  };

  LogFile() = default;
  void AppendToTail(absl::string_view bytes);
  void WriteTo(Part& part, absl::string_view bytes);
  void MoveToHead(Part& part);

  int64_t head_limit_bytes_ = 0;
  int64_t tail_limit_bytes_ = 0;  // of each of the two
  Part head_;
  std::array<Part, 2> tails_;
  int current_tail_ = 0;
  int64_t total_bytes_ = 0;
  int64_t left_out_bytes_ = 0;
  absl::Status status_;
};

}  // namespace pegbox::worker
