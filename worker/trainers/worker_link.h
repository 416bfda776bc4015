// The trial's end of the worker's Unix socket: JSON lines up, directives down. Nothing that happens to the worker may
// crash or hang the training: every call ends in bounded time and none fails.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace pegbox::trainer {

// A STOP directive's reason, if one has come.
using StopReason = std::optional<std::string>;

// Not thread-safe.
class WorkerLink {
 public:
  explicit WorkerLink(std::string socket_path, std::chrono::milliseconds reply_timeout = std::chrono::seconds(10));
  ~WorkerLink();
  WorkerLink(const WorkerLink&) = delete;
  WorkerLink& operator=(const WorkerLink&) = delete;

  // Sends one line and waits for its reply, at most the reply timeout and, after a STOP, one second; after a reply that
  // did not come in time later calls do not wait until one comes again. Connects first when there is no connection.
  // False: not delivered.
  bool Send(absl::string_view line);

  // Reads what has come, without waiting. A STOP once seen stays.
  const StopReason& PollStop();

 private:
  using Clock = std::chrono::steady_clock;

  void Connect();
  void Close();
  bool Write(absl::string_view text, Clock::time_point deadline);
  // False when the deadline passed, a signal came or the connection ended.
  bool WaitFor(short events, Clock::time_point deadline);
  void ReadAvailable();
  void HandleLine(absl::string_view line);

  const std::string socket_path_;
  const std::chrono::milliseconds reply_timeout_;
  int socket_ = -1;
  std::string unread_;             // the beginning of a line
  int64_t replies_ = 0;            // directives that have come
  bool is_worker_silent_ = false;  // the last reply did not come in time
  StopReason stop_;
};

}  // namespace pegbox::trainer
