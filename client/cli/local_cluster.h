// A server, and a worker if wanted, on this machine and in one data folder:
//   DIR/server/         the server's store
//   DIR/server/address  host:port, written by the server once it serves
//   DIR/worker/         the worker's trials
//   DIR/server.log, DIR/worker.log
// Uses no gRPC: it forks, and a process with gRPC's threads must not.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/child_process.h"
#include "client/cpp/cancellation.h"

namespace pegbox::cli {

// Thread-compatible. Its end stops what it started.
class LocalCluster {
 public:
  struct Options {
    std::string bin_directory;   // of pegbox-server and pegbox-worker; in front of the worker's PATH
    std::string data_directory;  // made if it is missing
    int64_t worker_slots = 0;    // 0: no worker
    absl::Duration start_timeout = absl::Seconds(30);
    absl::Duration stop_grace = absl::Seconds(30);  // for each program, between SIGTERM and SIGKILL
    const Cancellation* cancellation = nullptr;     // gives the start up; may be null
    std::function<void()> on_exit;                  // a program ended, asked or not; from another thread
  };

  // Returns when the server serves. Call from the main thread, before gRPC is used.
  // INTERNAL: a program cannot be started or ended at once, with the end of its log; DEADLINE_EXCEEDED: the server was
  // not ready in time; CANCELLED: `cancellation` was used.
  static absl::StatusOr<std::unique_ptr<LocalCluster>> Start(const Options& options);

  ~LocalCluster();

  const std::string& server_address() const { return server_address_; }
  // Worker first, then server.
  void Stop();
  // INTERNAL, with the end of its log: a program has ended before Stop.
  absl::Status Check() const;

 private:
  explicit LocalCluster(const Options& options) : options_(options) {}
  absl::Status StartServer();
  absl::Status StartWorker();

  const Options options_;
  std::string server_address_;
  std::unique_ptr<ChildProcess> server_;
  std::unique_ptr<ChildProcess> worker_;  // null without one
};

// The address of a server that runs on the data folder already and accepts connections.
std::optional<std::string> FindRunningServer(const std::string& data_directory);

}  // namespace pegbox::cli
