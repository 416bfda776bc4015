#include "worker/trainers/worker_link.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace pegbox::trainer {
namespace {

constexpr size_t kMaxLineBytes = 1 << 16;
// A stopped trial ends promptly, but not before the worker has had a chance to take its last report.
constexpr std::chrono::milliseconds kReplyTimeoutAfterStop = std::chrono::seconds(1);

}  // namespace

WorkerLink::WorkerLink(std::string socket_path, std::chrono::milliseconds reply_timeout)
    : socket_path_(std::move(socket_path)), reply_timeout_(reply_timeout) {
  Connect();
  if (socket_ < 0) {
    std::cerr << "PEGBOX_SOCKET: cannot connect to \"" << socket_path_ << "\": " << std::strerror(errno)
              << "; training goes on, metrics go to standard output\n";
  }
}

WorkerLink::~WorkerLink() { Close(); }

void WorkerLink::Connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path_.size() >= sizeof(address.sun_path)) {
    errno = ENAMETOOLONG;
    return;
  }
  std::memcpy(address.sun_path, socket_path_.data(), socket_path_.size());
  // Non-blocking: a connect to a Unix socket either succeeds at once or fails (EAGAIN when the backlog is full).
  socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  is_worker_silent_ = false;
  if (socket_ >= 0 && connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const int connect_error = errno;
    Close();
    errno = connect_error;
  }
}

void WorkerLink::Close() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
  unread_.clear();
}

bool WorkerLink::Send(absl::string_view line) {
  if (socket_ >= 0) ReadAvailable();
  if (socket_ < 0) Connect();
  if (socket_ < 0) return false;
  const auto longest = stop_.has_value() ? std::min(reply_timeout_, kReplyTimeoutAfterStop) : reply_timeout_;
  const auto timeout = is_worker_silent_ ? std::chrono::milliseconds(0) : longest;
  const Clock::time_point deadline = Clock::now() + timeout;
  const int64_t replies_before = replies_;
  if (!Write(absl::StrCat(line, "\n"), deadline)) {
    Close();
    return false;
  }
  while (socket_ >= 0 && replies_ == replies_before && WaitFor(POLLIN, deadline)) ReadAvailable();
  is_worker_silent_ = replies_ == replies_before;
  // A connection that ended before the reply may have taken the line with it.
  return socket_ >= 0 || !is_worker_silent_;
}

const StopReason& WorkerLink::PollStop() {
  if (socket_ >= 0) ReadAvailable();
  return stop_;
}

bool WorkerLink::Write(absl::string_view text, Clock::time_point deadline) {
  while (!text.empty()) {
    const ssize_t written = send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
    if (written > 0) {
      text.remove_prefix(written);
    } else if (errno == EINTR) {
      continue;
    } else if (errno != EAGAIN || !WaitFor(POLLOUT, deadline)) {
      return false;
    }
  }
  return true;
}

bool WorkerLink::WaitFor(short events, Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd watched{socket_, events, 0};
  return left > 0 && poll(&watched, 1, static_cast<int>(left)) > 0;
}

void WorkerLink::ReadAvailable() {
  std::array<char, 4096> buffer;
  while (true) {
    const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return Close();
    unread_.append(buffer.data(), got);
    size_t line_end = 0;
    while ((line_end = unread_.find('\n')) != std::string::npos) {
      const std::string line = unread_.substr(0, line_end);
      unread_.erase(0, line_end + 1);
      HandleLine(line);
    }
    if (unread_.size() > kMaxLineBytes) return Close();
  }
}

void WorkerLink::HandleLine(absl::string_view line) {
  const auto json = nlohmann::json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  const bool has_directive = json.is_object() && json.contains("directive") && json["directive"].is_string();
  ++replies_;
  is_worker_silent_ = false;
  if (!has_directive) {
    std::cerr << "PEGBOX_SOCKET: must send JSON lines with a \"directive\"; got \"" << line.substr(0, 200)
              << "\"; the line is ignored\n";
  } else if (json["directive"] == "STOP" && !stop_.has_value()) {
    const bool has_reason = json.contains("reason") && json["reason"].is_string();
    stop_ = has_reason ? json["reason"].get<std::string>() : "no reason given";
  }
}

}  // namespace pegbox::trainer
