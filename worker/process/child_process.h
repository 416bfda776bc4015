// A trial's process: started, watched, its output kept, and ended with all that it has started.
//
//   worker ---- control socket ---- pegbox-trial-guard ---- trial ---- whatever the trial starts
//
// The guard (trial_guard_main.cc) is a small program of its own beside the worker's. The trial runs in its own session
// and group, with exactly the given environment, descriptors 0, 1, 2, default signal state, no new privileges and no
// core file. When the trial's first process ends, all that it has started is killed; when the worker dies, even by
// kill -9, all of the trial is killed; so a slot whose trial has ended, or whose worker is dead, is free.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "worker/metrics/line_splitter.h"
#include "worker/process/environment.h"
#include "worker/process/exit_status.h"
#include "worker/process/guard_launch.h"
#include "worker/process/log_file.h"

namespace pegbox::worker {

// pegbox-trial-guard in the folder of the running program.
std::string DefaultGuardPath();

struct ProcessSpec {
  std::vector<std::string> argv;  // up to 256, 128 KiB in all; argv[0] is looked for in the PATH of `environment`
  std::string working_directory;  // absolute; must exist
  Environment environment;        // all of it; PEGBOX_PROCESS_TOKEN is added
  std::string log_path;           // its folder must exist
  int64_t log_limit_bytes = int64_t{64} << 20;
  std::string token;       // of NewProcessToken; empty: a new one
  std::string guard_path;  // empty: DefaultGuardPath()
};

// Called on the process's own thread, one at a time. A slow callback slows the trial down when the pipe is full, and
// nothing else. They may be called before Start has returned, and must not destroy the ChildProcess.
struct ProcessCallbacks {
  std::function<void(absl::string_view line)> on_line;  // stdout and stderr, as LineSplitter cuts them
  std::function<void()> on_end;                         // once, after the last line; Wait returns at once then
};

struct LogSummary {
  int64_t total_bytes = 0;      // what the trial printed
  int64_t left_out_bytes = 0;   // what the log's limit or a full disk cost
  int64_t truncated_lines = 0;  // lines over 16 KiB, of which on_line saw the beginning
  absl::Status status;          // OK, or the first reason why the log file is not complete
};

// Thread-safe.
class ChildProcess {
 public:
  // Returns when the trial's program runs. Any error means that nothing runs (failure kind SPAWN):
  // INVALID_ARGUMENT: the spec breaks a limit. NOT_FOUND, PERMISSION_DENIED: program, working directory, log folder or
  // guard. RESOURCE_EXHAUSTED: processes, memory, descriptors, disk. DEADLINE_EXCEEDED: exec hung for 30 s.
  // FAILED_PRECONDITION: anything else that the system refuses (a file that is no program).
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(ProcessSpec spec, ProcessCallbacks callbacks);

  // Kills all of it and waits until it is gone, which only a process stuck in the kernel can delay.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return trial_pid_; }
  const std::string& token() const { return token_; }

  // The end, as soon as no process of the trial is left and all its output has been handed on; nullopt after `timeout`.
  std::optional<ProcessEnd> Wait(absl::Duration timeout) const;
  std::optional<ProcessEnd> end() const { return Wait(absl::ZeroDuration()); }

  // SIGTERM to the group now, SIGKILL to all of it after `grace` (which the guard measures, so it holds even if the
  // worker hangs). The grace ends early when the group has ended. A second call can only shorten the grace.
  void Terminate(absl::Duration grace);

  // SIGKILL to every process of the trial, also to those that left its group and session.
  void Kill();

  // SIGKILL to all of it unless this is called again within `from_now`; InfiniteDuration takes the deadline away. Meant
  // for the lease: a worker that hangs or is stopped cannot keep a trial alive past it. Time in suspend counts.
  void KillUnlessRenewed(absl::Duration from_now);

  // The last 64 KiB of output, for ClassifyExit and messages.
  std::string LogTail() const;
  LogSummary log_summary() const;

 private:
  ChildProcess(LaunchedGuard launched, LogFile log, std::string token, ProcessCallbacks callbacks);

  void Run();
  bool ReadControl();  // false: the guard has nothing more to say
  bool ReadOutput();   // false: nothing to read now, or the end of output
  void DrainOutput();
  void Publish(absl::string_view bytes);  // and the counters
  void Finish();

  // Constant after construction.
  const pid_t guard_pid_;
  const pid_t trial_pid_;
  const std::string token_;
  const ProcessCallbacks callbacks_;
  const UniqueFd control_;
  const int64_t oom_kills_at_start_;

  // Of the thread alone.
  UniqueFd output_;
  LogFile log_;
  LineSplitter splitter_;
  std::vector<char> buffer_;
  ProcessEnd result_;
  bool is_exit_known_ = false;
  bool is_tree_gone_ = false;

  mutable absl::Mutex mu_;
  std::string tail_ ABSL_GUARDED_BY(mu_);
  LogSummary summary_ ABSL_GUARDED_BY(mu_);
  std::optional<ProcessEnd> end_ ABSL_GUARDED_BY(mu_);

  std::thread thread_;
};

}  // namespace pegbox::worker
