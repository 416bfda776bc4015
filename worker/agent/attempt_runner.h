// One attempt, from its grant until the server knows how it ended.
//
//   prepare -> run --end of the processes--> send all rows and the log -> finish -> done
//               |                                    ^        (FENCED: done at once)
//               +-- stop: directive on the socket, SIGTERM, grace period, SIGKILL
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "worker/agent/assignment.h"
#include "worker/agent/attempt_end.h"
#include "worker/agent/attempt_lease.h"
#include "worker/agent/incarnation_file.h"
#include "worker/agent/interrupt.h"
#include "worker/agent/report_sender.h"
#include "worker/agent/server_link.h"
#include "worker/agent/trial_environment.h"
#include "worker/agent/worker_folder.h"
#include "worker/metrics/metric_line_parser.h"
#include "worker/process/child_process.h"
#include "worker/process/report_socket.h"

namespace pegbox::worker {

// Thread-safe. Its work is done on a thread of its own.
class AttemptRunner {
 public:
  struct Options {
    TrialSurroundings surroundings;  // but for the checkpoint folder
    absl::Duration lease_duration;
    int64_t log_limit_bytes;
    std::string guard_path;
    ReportQueue::Limits report_limits;
  };

  // `contact` is the MonotonicNow() of the sync that granted the attempt. `on_done` is called once, on the runner's
  // thread, after is_done(); it must not destroy the runner. The first three outlive it.
  AttemptRunner(ServerLink& server, const WorkerFolder& folder, IncarnationFile& incarnations, Options options,
                Assignment assignment, absl::Duration contact, std::function<void()> on_done);
  // Fences it, if it is not done, and waits for its processes' end.
  ~AttemptRunner();
  AttemptRunner(const AttemptRunner&) = delete;
  AttemptRunner& operator=(const AttemptRunner&) = delete;

  const AttemptId& id() const { return assignment_.id; }

  // The server wants it to stop: asked first, then made to.
  void Stop(absl::string_view reason);
  // The worker wants it to stop, and hands it back to the server.
  void Leave();
  // Killed at once; nothing more is said to the server.
  void Fence();
  // No more tries to bring the rest to the server once the processes are gone.
  void GiveUp();
  // The server has answered a message that named this attempt and was sent at `sent_at`.
  void RenewLease(absl::Duration sent_at);

  bool is_stopping() const;  // for whatever cause
  bool is_fenced() const;
  bool are_processes_gone() const { return are_processes_gone_.load(); }
  bool is_done() const { return is_done_.load(); }

 private:
  // What other threads want of the runner's.
  struct Wishes {
    std::optional<std::string> stop_reason;  // the server's
    bool is_leaving = false;
    bool is_fenced = false;
    bool has_ended = false;   // the processes
    bool is_changed = false;  // any of them since they were last looked at
    absl::Duration contact;
  };

  bool has_ended() const;  // the processes
  void Run();
  absl::Status Start();
  absl::Status StartProcess(std::vector<std::string> argv, const TrialPaths& paths);
  std::string OnSocketLine(absl::string_view line);
  void OnLogLine(absl::string_view line);
  // Waits for the end of the processes, and stops them when that is wanted.
  void Supervise();
  void Act(const Wishes& wishes, absl::Duration now);
  void BeginStop(StopOrigin origin, absl::string_view reason, absl::Duration now);
  absl::Duration NextWake(const Wishes& wishes) const;
  void ProveEnd(const ProcessEnd& end);
  bool Deliver(const std::optional<Failure>& failure);  // true: the server knows the end

  // Constant after construction.
  ServerLink& server_;
  const WorkerFolder& folder_;
  IncarnationFile& incarnations_;
  const Options options_;
  const Assignment assignment_;
  const AttemptLease lease_;
  const std::function<void()> on_done_;

  // Of the runner's thread alone.
  std::optional<ProcessEnd> end_;
  absl::Duration start_time_;
  absl::Duration known_contact_;
  StopOrigin stop_origin_ = StopOrigin::kNone;
  absl::Duration terminate_time_;  // of a stop
  bool is_terminated_ = false;
  bool is_killed_ = false;

  // Of the process's log thread alone.
  std::optional<MetricLineParser> parser_;
  bool is_problem_logged_ = false;

  // Own synchronisation. Destroyed from the last to the first: the callbacks of each use those above it.
  Interrupt interrupt_;
  std::atomic<bool> has_socket_reported_ = false;
  std::atomic<bool> is_finishing_ = false;  // the finish is on its way
  std::atomic<bool> are_processes_gone_ = false;
  std::atomic<bool> is_done_ = false;
  mutable absl::Mutex mu_;
  Wishes wishes_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<ReportSender> sender_;
  std::unique_ptr<ReportSocket> socket_;
  std::unique_ptr<ChildProcess> process_;

  std::thread thread_;
};

}  // namespace pegbox::worker
