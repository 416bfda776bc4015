// A program that this process starts, follows and ends. It never outlives this process.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace pegbox::cli {

// Thread-safe.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> command;                // the program's path first; PATH is not searched
    std::map<std::string, std::string> environment;  // set besides, or instead of, this process's own
    std::string log_path;                            // standard output and error are appended to it
    std::function<void()> on_exit;                   // called once, from another thread; may be empty
  };

  // Starts it in a process group of its own, so that Ctrl-C on the terminal does not reach it. When the calling thread
  // ends, the child gets SIGTERM: call from the main thread.
  // INTERNAL: the program cannot be started, or the log not be opened.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(Options options);

  // Kills it if it still runs.
  ~ChildProcess();

  // Nothing happens when it has ended.
  void Signal(int signal);
  // SIGTERM, then SIGKILL if it still runs after `grace`. Returns when it has ended.
  void Stop(absl::Duration grace);
  // True once it has ended.
  bool WaitFor(absl::Duration timeout) const;

  // "pegbox-server ended with exit code 1", and the last lines that it wrote.
  std::string DescribeEnd() const;

 private:
  ChildProcess(Options options, pid_t pid, off_t log_start);
  void Reap();

  // Constant after construction.
  const Options options_;
  const pid_t pid_;
  const off_t log_start_;  // where this run's part of the log begins

  mutable absl::Mutex mu_;
  bool has_ended_ ABSL_GUARDED_BY(mu_) = false;
  int wait_status_ ABSL_GUARDED_BY(mu_) = 0;

  std::thread reaper_;
};

}  // namespace pegbox::cli
