#include "tests/worker/trainers/worker_end.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace pegbox::trainer {
namespace {

constexpr int kWaitLimitMilliseconds = 20'000;

bool IsReadable(int fd) {
  pollfd watched{fd, POLLIN, 0};
  return poll(&watched, 1, kWaitLimitMilliseconds) == 1;
}

}  // namespace

WorkerEnd::WorkerEnd(std::string path) : path_(std::move(path)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0) << std::strerror(errno);
  EXPECT_EQ(listen(listener_, 4), 0) << std::strerror(errno);
}

WorkerEnd::~WorkerEnd() {
  HangUp();
  close(listener_);
}

bool WorkerEnd::Accept() {
  HangUp();
  if (!IsReadable(listener_)) return false;
  connection_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  return connection_ >= 0;
}

std::optional<std::string> WorkerEnd::ReadLine() {
  size_t line_end = 0;
  while ((line_end = unread_.find('\n')) == std::string::npos) {
    std::array<char, 4096> buffer;
    if (!IsReadable(connection_)) return std::nullopt;
    const ssize_t got = recv(connection_, buffer.data(), buffer.size(), 0);
    if (got <= 0) return std::nullopt;
    unread_.append(buffer.data(), got);
  }
  std::string line = unread_.substr(0, line_end);
  unread_.erase(0, line_end + 1);
  return line;
}

bool WorkerEnd::WriteLine(absl::string_view line) {
  const std::string text = absl::StrCat(line, "\n");
  return send(connection_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

void WorkerEnd::HangUp() {
  if (connection_ >= 0) close(connection_);
  connection_ = -1;
  unread_.clear();
}

}  // namespace pegbox::trainer
