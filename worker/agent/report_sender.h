// Brings what an attempt reports to the server: rows, checkpoint marks and the log, in lock step, until all of it is
// there. While the server is away the rows wait in a queue and the log in its file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "worker/agent/assignment.h"
#include "worker/agent/backoff.h"
#include "worker/agent/interrupt.h"
#include "worker/agent/report_queue.h"
#include "worker/agent/server_link.h"
#include "worker/metrics/report.h"

namespace pegbox::worker {

// Thread-safe.
class ReportSender {
 public:
  struct Options {
    AttemptId id;
    std::string objective_metric;
    std::string checkpoint_path;  // as the server shall name it
    std::string log_path;
    std::string spool_path;
    ReportQueue::Limits limits;
  };

  // Called on the sender's own thread, outside its lock.
  struct Callbacks {
    std::function<void(const std::string& reason)> on_stop;  // once: the server wants the attempt to stop
    std::function<void()> on_fenced;                         // once: the attempt is not the current one any more
    std::function<void(absl::Duration sent_at)> on_contact;  // MonotonicNow() when an answered message was sent
  };

  struct Verdict {
    bool should_stop = false;
    std::string reason;
  };

  // `interrupt` ends all tries for good; it and the link outlive the sender.
  ReportSender(ServerLink& server, Interrupt& interrupt, Options options, Callbacks callbacks);
  // Raises the interrupt. What is not sent is lost.
  ~ReportSender();
  ReportSender(const ReportSender&) = delete;
  ReportSender& operator=(const ReportSender&) = delete;

  // Does not wait.
  void Add(const Report& report);

  // Waits until the server has answered, at most for `timeout`, and not while the server is away: training goes on
  // then.
  Verdict AddAndWait(const Report& report, absl::Duration timeout);

  // The log is complete and nothing more is added. OK: the server has everything. ABORTED: fenced. CANCELLED:
  // interrupted. Waits as long as it takes.
  absl::Status Flush();

 private:
  enum class Step { kAgain, kIdle, kPause, kOver };

  void Run();
  Step SendNext();
  // What to send now; false: nothing.
  bool FillMessage(ReportMessage& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void FillLog(ReportMessage& message) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Accept(const ReportMessage& message, const ReportReply& reply, absl::Duration sent_at);
  // Where the log goes on after an answer.
  void MoveLog(const ReportMessage& message, int64_t log_size) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CountLogSetback() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  Step HandleError(const ReportMessage& message, const absl::Status& error);
  // The server does not take the message and never will: finds out what of it is bad, and drops that.
  void Reject(const ReportMessage& message, const absl::Status& error) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AwaitWork();
  Step End(absl::Status status);

  // Constant after construction.
  ServerLink& server_;
  Interrupt& interrupt_;
  const Options options_;
  const Callbacks callbacks_;

  // Of the thread alone.
  std::unique_ptr<ReportStream> stream_;
  Backoff backoff_;

  mutable absl::Mutex mu_;
  ReportQueue queue_ ABSL_GUARDED_BY(mu_);
  Verdict verdict_ ABSL_GUARDED_BY(mu_);
  absl::Status end_ ABSL_GUARDED_BY(mu_);      // not OK: nothing more is sent
  bool is_away_ ABSL_GUARDED_BY(mu_) = false;  // the last try failed
  bool is_flushing_ ABSL_GUARDED_BY(mu_) = false;
  bool is_flushed_ ABSL_GUARDED_BY(mu_) = false;
  size_t max_rows_ ABSL_GUARDED_BY(mu_);
  int64_t log_offset_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Duration next_log_time_ ABSL_GUARDED_BY(mu_);
  bool is_log_size_unknown_ ABSL_GUARDED_BY(mu_) = false;  // the next message asks for it
  int log_setbacks_ ABSL_GUARDED_BY(mu_) = 0;              // times in a row that the server did not take log bytes
  bool is_log_closed_ ABSL_GUARDED_BY(mu_) = false;        // no more of it is sent

  std::thread thread_;
};

}  // namespace pegbox::worker
