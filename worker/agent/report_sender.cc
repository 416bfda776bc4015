#include "worker/agent/report_sender.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/time/clock.h"
#include "common/log.h"
#include "worker/agent/monotonic_time.h"
#include "worker/process/unique_fd.h"

namespace pegbox::worker {
namespace {

constexpr size_t kMaxRows = 1024;
constexpr size_t kMaxLogBytes = 64 * 1024;
constexpr absl::Duration kAnswerTimeout = absl::Seconds(15);
constexpr absl::Duration kLogInterval = absl::Seconds(1);
constexpr absl::Duration kFullLogInterval = absl::Milliseconds(60);  // about 1 MiB/s of a log that is behind
constexpr int kMaxLogSetbacks = 3;

// Up to kMaxLogBytes from `offset`; empty at the end, and where there is no file.
std::string ReadLog(const std::string& path, int64_t offset) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.is_open()) return std::string();
  std::string bytes(kMaxLogBytes, '\0');
  ssize_t size = 0;
  while ((size = pread(fd.get(), bytes.data(), bytes.size(), offset)) < 0 && errno == EINTR) {
  }
  bytes.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  return bytes;
}

}  // namespace

ReportSender::ReportSender(ServerLink& server, Interrupt& interrupt, Options options, Callbacks callbacks)
    : server_(server),
      interrupt_(interrupt),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      queue_(options_.spool_path, options_.objective_metric, options_.limits),
      max_rows_(kMaxRows),
      next_log_time_(MonotonicNow() + kLogInterval),
      thread_([this] { Run(); }) {}

ReportSender::~ReportSender() {
  End(absl::CancelledError("the report was given up"));
  interrupt_.Raise();
  thread_.join();
}

void ReportSender::Add(const Report& report) {
  absl::MutexLock lock(&mu_);
  queue_.Add(report, absl::Now());
}

ReportSender::Verdict ReportSender::AddAndWait(const Report& report, absl::Duration timeout) {
  absl::MutexLock lock(&mu_);
  queue_.Add(report, absl::Now());
  const int64_t added_rows = queue_.added_rows();
  const auto is_answered = [this, added_rows]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    const bool is_committed = queue_.removed_rows() >= added_rows && !queue_.has_checkpoint();
    return is_committed || is_away_ || verdict_.should_stop || !end_.ok();
  };
  mu_.AwaitWithTimeout(absl::Condition(&is_answered), timeout);
  return verdict_;
}

absl::Status ReportSender::Flush() {
  absl::MutexLock lock(&mu_);
  is_flushing_ = true;
  const auto is_over = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return is_flushed_ || !end_.ok(); };
  mu_.Await(absl::Condition(&is_over));
  return end_;
}

void ReportSender::Run() {
  while (true) {
    switch (SendNext()) {
      case Step::kAgain:
        break;
      case Step::kIdle:
        AwaitWork();
        break;
      case Step::kPause:
        if (interrupt_.WaitFor(backoff_.Next())) End(absl::CancelledError("the report was given up"));
        break;
      case Step::kOver:
        stream_.reset();
        return;
    }
  }
}

ReportSender::Step ReportSender::SendNext() {
  ReportMessage message;
  {
    absl::MutexLock lock(&mu_);
    if (!end_.ok()) return Step::kOver;
    if (!FillMessage(message)) {
      is_flushed_ = is_flushing_;
      return is_flushed_ ? Step::kOver : Step::kIdle;
    }
  }
  if (stream_ == nullptr) stream_ = server_.OpenReportStream(options_.id, interrupt_);
  const absl::Duration sent_at = MonotonicNow();
  const absl::StatusOr<ReportReply> reply = stream_->Exchange(message, kAnswerTimeout);
  if (!reply.ok()) return HandleError(message, reply.status());
  Accept(message, *reply, sent_at);
  return Step::kAgain;
}

bool ReportSender::FillMessage(ReportMessage& message) {
  queue_.Peek(max_rows_, message);
  message.checkpoint_path = options_.checkpoint_path;
  message.log_offset = log_offset_;
  FillLog(message);
  return !queue_.empty() || !message.log_data.empty() || is_log_size_unknown_;
}

void ReportSender::FillLog(ReportMessage& message) {
  const absl::Duration now = MonotonicNow();
  const bool is_due = is_flushing_ || now >= next_log_time_;
  if (!is_due || is_log_closed_ || is_log_size_unknown_) return;
  message.log_data = ReadLog(options_.log_path, log_offset_);
  next_log_time_ = now + (message.log_data.size() == kMaxLogBytes ? kFullLogInterval : kLogInterval);
}

void ReportSender::Accept(const ReportMessage& message, const ReportReply& reply, absl::Duration sent_at) {
  backoff_.Reset();
  bool is_stop_new = false;
  {
    absl::MutexLock lock(&mu_);
    queue_.Remove(message);
    MoveLog(message, reply.log_size_bytes);
    max_rows_ = std::min(2 * max_rows_, kMaxRows);
    if (is_away_) Log()->info("reports resumed trial={} attempt={}", TrialName(options_.id.trial), options_.id.number);
    is_away_ = false;
    is_stop_new = reply.should_stop && !verdict_.should_stop;
    if (is_stop_new) verdict_ = {.should_stop = true, .reason = reply.stop_reason};
  }
  callbacks_.on_contact(sent_at);
  if (is_stop_new) callbacks_.on_stop(reply.stop_reason);
}

void ReportSender::MoveLog(const ReportMessage& message, int64_t log_size) {
  if (message.log_data.empty()) {
    if (is_log_size_unknown_ || log_size < log_offset_) log_offset_ = log_size;
    is_log_size_unknown_ = false;
    return;
  }
  if (log_size > message.log_offset) {
    log_setbacks_ = 0;
  } else {
    CountLogSetback();
  }
  log_offset_ = log_size;
}

void ReportSender::CountLogSetback() {
  is_log_closed_ = ++log_setbacks_ >= kMaxLogSetbacks;
  if (!is_log_closed_) return;
  Log()->warn("log no longer sent trial={} attempt={} offset={} reason=\"not taken by the server\" file={}",
              TrialName(options_.id.trial), options_.id.number, log_offset_, options_.log_path);
}

ReportSender::Step ReportSender::HandleError(const ReportMessage& message, const absl::Status& error) {
  stream_.reset();
  if (interrupt_.is_raised()) return End(absl::CancelledError("the report was given up"));
  if (absl::IsAborted(error)) {
    End(error);
    callbacks_.on_fenced();
    return Step::kOver;
  }
  absl::MutexLock lock(&mu_);
  if (!IsPassing(error)) {
    Reject(message, error);
    return Step::kAgain;
  }
  if (!is_away_) {
    Log()->warn("reports held back trial={} attempt={} error=\"{}\"", TrialName(options_.id.trial), options_.id.number,
                error.ToString());
  }
  is_away_ = true;
  return Step::kPause;
}

void ReportSender::Reject(const ReportMessage& message, const absl::Status& error) {
  if (!message.log_data.empty()) {
    is_log_size_unknown_ = true;
    CountLogSetback();
  } else if (message.rows.size() > 1) {
    max_rows_ = 1;
  } else if (message.rows.empty() && !message.checkpoint_step.has_value()) {
    is_log_size_unknown_ = false;
    is_log_closed_ = true;
  } else {
    Log()->error("report dropped trial={} attempt={} error=\"{}\"", TrialName(options_.id.trial), options_.id.number,
                 error.ToString());
    queue_.Remove(message);
  }
}

void ReportSender::AwaitWork() {
  absl::MutexLock lock(&mu_);
  const auto has_work = [this]()
                            ABSL_SHARED_LOCKS_REQUIRED(mu_) { return !queue_.empty() || is_flushing_ || !end_.ok(); };
  mu_.AwaitWithTimeout(absl::Condition(&has_work),
                       std::clamp(next_log_time_ - MonotonicNow(), absl::ZeroDuration(), kLogInterval));
}

ReportSender::Step ReportSender::End(absl::Status status) {
  absl::MutexLock lock(&mu_);
  end_.Update(std::move(status));
  return Step::kOver;
}

}  // namespace pegbox::worker
