#include "worker/process/report_socket.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "worker/metrics/report.h"

namespace pegbox::worker {
namespace {

constexpr size_t kReadBytes = 4096;  // so that the replies to one read stay far below kMaxUnsentBytes
constexpr size_t kUnsentBytesToPauseReading = 64 * 1024;
constexpr size_t kMaxUnsentBytes = 1024 * 1024;
constexpr int kAcceptPauseMilliseconds = 100;
constexpr int kBacklog = 64;
constexpr int kMaxDrainReads = 256;  // of a connection: as much as a socket's buffer holds, and more

absl::Status RemoveStaleSocket(const std::string& path) {
  struct stat found = {};
  if (lstat(path.c_str(), &found) != 0) return absl::OkStatus();
  if (!S_ISSOCK(found.st_mode)) {
    return absl::AlreadyExistsError(absl::StrCat("socket: ", path, " exists and is not a socket; remove it"));
  }
  if (unlink(path.c_str()) != 0) return ErrnoStatus(errno, absl::StrCat("socket: cannot remove ", path));
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> BindAndListen(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const std::string what = absl::StrCat("socket: cannot listen on ", path);
  if (!fd.is_open()) return ErrnoStatus(errno, what);
  // Nobody can connect between bind and listen, so the mode is right in time.
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      chmod(path.c_str(), 0600) != 0 || listen(fd.get(), kBacklog) != 0) {
    return ErrnoStatus(errno, what);
  }
  return fd;
}

void Wake(int event_fd) {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(event_fd, &one, sizeof one);  // fails only when it is awake anyway
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReportSocket>> ReportSocket::Listen(const std::string& path, OnLine on_line) {
  if (path.empty() || path.size() > kMaxSocketPathBytes || path.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("socket: a path has 1 to ", kMaxSocketPathBytes, " bytes; got ",
                                                   path.size(), ": ", path, "; choose a shorter data folder"));
  }
  PEGBOX_RETURN_IF_ERROR(RemoveStaleSocket(path));
  PEGBOX_ASSIGN_OR_RETURN(UniqueFd listener, BindAndListen(path));
  UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.is_open()) return ErrnoStatus(errno, "socket: eventfd");
  return std::unique_ptr<ReportSocket>(
      new ReportSocket(path, std::move(on_line), std::move(listener), std::move(wake)));
}

ReportSocket::ReportSocket(std::string path, OnLine on_line, UniqueFd listener, UniqueFd wake)
    : path_(std::move(path)),
      on_line_(std::move(on_line)),
      listener_(std::move(listener)),
      wake_(std::move(wake)),
      thread_([this] { Run(); }) {}

ReportSocket::~ReportSocket() {
  {
    absl::MutexLock lock(&mu_);
    is_closing_ = true;
  }
  Wake(wake_.get());
  thread_.join();
  unlink(path_.c_str());
}

void ReportSocket::Broadcast(absl::string_view line) {
  {
    absl::MutexLock lock(&mu_);
    broadcast_ = absl::StrCat(line, "\n");
    ++broadcast_number_;
  }
  Wake(wake_.get());
}

void ReportSocket::Run() {
  while (RunOnce()) {
  }
  Drain();
  for (Connection& connection : connections_) WriteOutput(connection);  // what is on its way, as far as it goes
  connections_.clear();
}

void ReportSocket::Drain() {
  while (Accept()) {
  }
  for (Connection& connection : connections_) {
    int unread_bytes = 0;
    for (int reads = 0; reads < kMaxDrainReads && !connection.is_input_ended; ++reads) {
      if (ioctl(connection.fd.get(), FIONREAD, &unread_bytes) != 0 || unread_bytes == 0) break;
      ReadLines(connection);
    }
    if (!connection.is_input_ended) ReadLines(connection);  // the end, with a last line that has no end of its own
  }
}

bool ReportSocket::RunOnce() {
  const bool accepts = !is_accept_paused_ && connections_.size() < kMaxSocketConnections;
  std::vector<pollfd> fds = {{wake_.get(), POLLIN, 0}, {accepts ? listener_.get() : -1, POLLIN, 0}};
  for (const Connection& connection : connections_) {
    const bool reads = !connection.is_input_ended && connection.output.size() < kUnsentBytesToPauseReading;
    const int events = (reads ? POLLIN : 0) | (connection.output.empty() ? 0 : POLLOUT);
    fds.push_back({connection.fd.get(), static_cast<int16_t>(events), 0});
  }
  poll(fds.data(), fds.size(), is_accept_paused_ ? kAcceptPauseMilliseconds : -1);
  is_accept_paused_ = false;
  if (fds[0].revents != 0) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t size = read(wake_.get(), &count, sizeof count);
  }
  bool is_closing = false;
  {
    absl::MutexLock lock(&mu_);
    is_closing = is_closing_;  // before the broadcasts, so that the last one still goes out
  }
  size_t i = 2;
  for (auto connection = connections_.begin(); connection != connections_.end(); ++i) {
    QueueBroadcast(*connection);
    connection = Serve(*connection, fds[i].revents) ? std::next(connection) : connections_.erase(connection);
  }
  if (fds[1].revents != 0) Accept();
  return !is_closing;
}

bool ReportSocket::Accept() {
  UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.is_open()) {
    is_accept_paused_ = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
    return false;
  }
  connections_.push_back({std::move(fd), LineSplitter(kMaxReportLineBytes + 1), std::string()});
  QueueBroadcast(connections_.back());
  return true;
}

void ReportSocket::QueueBroadcast(Connection& connection) {
  absl::MutexLock lock(&mu_);
  if (connection.last_broadcast == broadcast_number_) return;
  connection.last_broadcast = broadcast_number_;
  connection.output += broadcast_;
}

bool ReportSocket::Serve(Connection& connection, int16_t events) {
  const bool is_readable = (events & (POLLIN | POLLHUP | POLLERR)) != 0;
  if (is_readable && !connection.is_input_ended && connection.output.size() < kUnsentBytesToPauseReading) {
    if (!ReadLines(connection)) return false;
  } else if ((events & (POLLHUP | POLLERR)) != 0) {
    connection.output.clear();  // nobody reads it; what was sent before the end is read next
  }
  if (!WriteOutput(connection)) return false;
  return !connection.is_input_ended || !connection.output.empty();
}

bool ReportSocket::ReadLines(Connection& connection) {
  std::array<char, kReadBytes> buffer;
  const ssize_t size = recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  const auto answer = [&](absl::string_view line) {
    if (line.empty()) return;
    const std::string reply = on_line_(line);
    if (!reply.empty()) absl::StrAppend(&connection.output, reply, "\n");
  };
  connection.is_input_ended = size <= 0;
  if (connection.is_input_ended) {
    connection.lines.Finish(answer);
  } else {
    connection.lines.Feed(absl::string_view(buffer.data(), static_cast<size_t>(size)), answer);
  }
  return true;
}

bool ReportSocket::WriteOutput(Connection& connection) {
  while (!connection.output.empty()) {
    const ssize_t sent = send(connection.fd.get(), connection.output.data(), connection.output.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) {
      connection.output.clear();  // nobody reads replies any more, but what was sent before still counts
      return true;
    }
    if (sent < 0) break;
    connection.output.erase(0, static_cast<size_t>(sent));
  }
  return connection.output.size() <= kMaxUnsentBytes;
}

}  // namespace pegbox::worker
