// An owned file descriptor, and the few calls on descriptors that several files here need.
#pragma once

#include <cstddef>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pegbox::worker {

// Closes its descriptor when it goes. Movable.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) Reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void Reset(int fd = -1);
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// A status that says what errno says: NOT_FOUND, PERMISSION_DENIED, ALREADY_EXISTS, RESOURCE_EXHAUSTED (descriptors,
// processes, memory, disk) or else FAILED_PRECONDITION. `what` comes first in the message.
absl::Status ErrnoStatus(int error, absl::string_view what);

// Writes all of `bytes` to a file.
absl::Status WriteAll(int fd, absl::string_view bytes);

}  // namespace pegbox::worker
