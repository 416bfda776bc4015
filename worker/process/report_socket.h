// The Unix socket on which a trial's programs report and hear: lines both ways, one reply to each line. What the lines
// say is the callback's business.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "worker/metrics/line_splitter.h"
#include "worker/process/unique_fd.h"

namespace pegbox::worker {

inline constexpr size_t kMaxSocketPathBytes = 107;
inline constexpr size_t kMaxSocketConnections = 64;

// Up to 64 connections at once (the trial and its data loaders); further ones wait. A line has at most 64 KiB; of a
// longer one the callback gets its first 64 KiB + 1 bytes, which ParseReportLine refuses. Of a client that does not
// read its replies no more lines are read; one that leaves 1 MiB unread is disconnected. Thread-safe.
class ReportSocket {
 public:
  // Gets a line without its end and returns the reply without one; an empty reply is not sent. Runs on the socket's own
  // thread, one call at a time; it must not destroy the ReportSocket.
  using OnLine = std::function<std::string(absl::string_view line)>;

  // Listens on `path`, mode 0600, and takes the place of a socket that an earlier worker left there.
  // INVALID_ARGUMENT: the path is over 107 bytes. ALREADY_EXISTS: something else than a socket is there. NOT_FOUND,
  // PERMISSION_DENIED, RESOURCE_EXHAUSTED: as the system says.
  static absl::StatusOr<std::unique_ptr<ReportSocket>> Listen(const std::string& path, OnLine on_line);

  // Hands on what was sent until now, also by programs that have ended meanwhile, then ends all connections and removes
  // the socket; no callback runs after it.
  ~ReportSocket();
  ReportSocket(const ReportSocket&) = delete;
  ReportSocket& operator=(const ReportSocket&) = delete;

  // Sends a line (without its end) to every connection, and to each later one at its beginning: a directive is state.
  // A later line takes the place of an earlier one for those that come after it. Does not wait.
  void Broadcast(absl::string_view line);

  const std::string& path() const { return path_; }

 private:
  struct Connection {
    UniqueFd fd;
    LineSplitter lines;
    std::string output;          // not yet sent
    int64_t last_broadcast = 0;  // its number
    bool is_input_ended = false;
  };

  ReportSocket(std::string path, OnLine on_line, UniqueFd listener, UniqueFd wake);

  void Run();
  bool RunOnce();  // false: to be closed
  bool Accept();   // false: nobody waits
  void Drain();
  void QueueBroadcast(Connection& connection);
  // Each returns false when the connection is over.
  bool Serve(Connection& connection, int16_t events);
  bool ReadLines(Connection& connection);
  bool WriteOutput(Connection& connection);

  // Constant after construction.
  const std::string path_;
  const OnLine on_line_;
  const UniqueFd listener_;
  const UniqueFd wake_;  // an eventfd

  // Of the thread alone.
  std::list<Connection> connections_;
  bool is_accept_paused_ = false;  // out of descriptors: until the next round

  absl::Mutex mu_;
  bool is_closing_ ABSL_GUARDED_BY(mu_) = false;
  int64_t broadcast_number_ ABSL_GUARDED_BY(mu_) = 0;
  std::string broadcast_ ABSL_GUARDED_BY(mu_);  // with its line end; empty: none yet

  std::thread thread_;
};

}  // namespace pegbox::worker
