#include "worker/process/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "worker/process/cpu_share_limit.h"
#include "worker/process/guard_protocol.h"
#include "worker/process/process_token.h"

namespace pegbox::worker {
namespace {

constexpr size_t kMaxArguments = 256;
constexpr size_t kMaxArgumentBytes = 128 * 1024;
constexpr size_t kReadBytes = 64 * 1024;
constexpr size_t kTailBytes = 64 * 1024;
constexpr double kReaderCpuShare = 0.4;  // of a core; a trial that prints more is slowed down
constexpr absl::Duration kLeftoverTimeout = absl::Seconds(10);

absl::Status ValidateSpec(const ProcessSpec& spec) {
  if (spec.argv.empty() || spec.argv[0].empty()) {
    return absl::InvalidArgumentError("argv: must name a program; it is empty");
  }
  size_t bytes = 0;
  for (const std::string& argument : spec.argv) {
    bytes += argument.size() + 1;
    if (argument.find('\0') != std::string::npos) {
      return absl::InvalidArgumentError("argv: an argument must not contain NUL");
    }
  }
  if (spec.argv.size() > kMaxArguments || bytes > kMaxArgumentBytes) {
    return absl::InvalidArgumentError(absl::StrCat("argv: at most ", kMaxArguments, " arguments of ", kMaxArgumentBytes,
                                                   " bytes in all; got ", spec.argv.size(), " of ", bytes));
  }
  if (spec.working_directory.empty() || spec.working_directory[0] != '/') {
    return absl::InvalidArgumentError(
        absl::StrCat("working_directory: must be an absolute path; got \"", spec.working_directory, "\""));
  }
  return ValidateEnvironment(spec.environment);
}

int64_t ToMilliseconds(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return -1;
  return std::max<int64_t>(0, absl::ToInt64Milliseconds(absl::Ceil(duration, absl::Milliseconds(1))));
}

ExitStatus FromWaitStatus(int status) {
  if (WIFSIGNALED(status)) return {.is_signaled = true, .code = WTERMSIG(status)};
  return {.is_signaled = false, .code = WEXITSTATUS(status)};
}

StopCause ToStopCause(guard::Cause cause) {
  switch (cause) {
    case guard::Cause::kTerminated:
      return StopCause::kTerminated;
    case guard::Cause::kKilled:
      return StopCause::kKilled;
    case guard::Cause::kDeadline:
      return StopCause::kDeadline;
    case guard::Cause::kNone:
      break;
  }
  return StopCause::kNone;
}

// Not sent only when the guard is gone, and the trial with it, or when a hundred messages wait for it.
void Send(int control_fd, const guard::Message& message) {
  send(control_fd, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

std::string DefaultGuardPath() {
  std::array<char, PATH_MAX> path;
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  const std::string program(path.data(), size > 0 ? static_cast<size_t>(size) : 0);
  return absl::StrCat(program.substr(0, program.rfind('/') + 1), "pegbox-trial-guard");
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(ProcessSpec spec, ProcessCallbacks callbacks) {
  PEGBOX_RETURN_IF_ERROR(ValidateSpec(spec));
  if (spec.token.empty()) spec.token = NewProcessToken();
  PEGBOX_RETURN_IF_ERROR(ValidateProcessToken(spec.token));
  PEGBOX_ASSIGN_OR_RETURN(LogFile log, LogFile::Open(spec.log_path, spec.log_limit_bytes));
  if (spec.guard_path.empty()) spec.guard_path = DefaultGuardPath();
  spec.environment[kProcessTokenVariable] = spec.token;
  PEGBOX_ASSIGN_OR_RETURN(LaunchedGuard launched, LaunchGuard({.guard_path = std::move(spec.guard_path),
                                                               .working_directory = std::move(spec.working_directory),
                                                               .argv = std::move(spec.argv),
                                                               .environment = std::move(spec.environment)}));
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(std::move(launched), std::move(log), std::move(spec.token), std::move(callbacks)));
}

ChildProcess::ChildProcess(LaunchedGuard launched, LogFile log, std::string token, ProcessCallbacks callbacks)
    : guard_pid_(launched.guard_pid),
      trial_pid_(launched.trial_pid),
      token_(std::move(token)),
      callbacks_(std::move(callbacks)),
      control_(std::move(launched.control)),
      oom_kills_at_start_(KernelOomKills()),
      output_(std::move(launched.output)),
      log_(std::move(log)),
      buffer_(kReadBytes),
      thread_([this] { Run(); }) {}

ChildProcess::~ChildProcess() {
  Kill();
  thread_.join();
}

std::optional<ProcessEnd> ChildProcess::Wait(absl::Duration timeout) const {
  absl::MutexLock lock(&mu_);
  const auto has_ended = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return end_.has_value(); };
  mu_.AwaitWithTimeout(absl::Condition(&has_ended), timeout);
  return end_;
}

void ChildProcess::Terminate(absl::Duration grace) {
  Send(control_.get(), {.kind = guard::Kind::kTerminate, .milliseconds = ToMilliseconds(grace)});
}

void ChildProcess::Kill() { Send(control_.get(), {.kind = guard::Kind::kKill}); }

void ChildProcess::KillUnlessRenewed(absl::Duration from_now) {
  Send(control_.get(), {.kind = guard::Kind::kDeadline, .milliseconds = ToMilliseconds(from_now)});
}

std::string ChildProcess::LogTail() const {
  absl::MutexLock lock(&mu_);
  return tail_.substr(tail_.size() - std::min(tail_.size(), kTailBytes));
}

LogSummary ChildProcess::log_summary() const {
  absl::MutexLock lock(&mu_);
  return summary_;
}

void ChildProcess::Run() {
  CpuShareLimit limit(kReaderCpuShare);
  while (true) {
    const absl::Duration rest = limit.Rest();
    const bool is_resting = rest > absl::ZeroDuration();
    std::array<pollfd, 2> fds = {{{control_.get(), POLLIN, 0}, {!is_resting ? output_.get() : -1, POLLIN, 0}}};
    const int timeout = is_resting && output_.is_open() ? static_cast<int>(ToMilliseconds(rest)) : -1;
    if (poll(fds.data(), fds.size(), timeout) < 0) continue;
    if (fds[1].revents != 0) ReadOutput();
    if (fds[0].revents != 0 && !ReadControl()) break;
  }
  Finish();
}

bool ChildProcess::ReadControl() {
  guard::Message message = {};
  const ssize_t size = recv(control_.get(), &message, sizeof message, MSG_DONTWAIT);
  // ECONNRESET, told once: the guard has ended without having read all; its last words are still to come.
  if (size < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNRESET)) return true;
  if (size != sizeof message) return false;
  if (message.kind == guard::Kind::kExited) {
    is_exit_known_ = true;
    result_.status = FromWaitStatus(message.value);
    result_.stop_cause = ToStopCause(message.cause);
  } else if (message.kind == guard::Kind::kEmpty) {
    is_tree_gone_ = true;
    return false;
  }
  return true;
}

bool ChildProcess::ReadOutput() {
  const ssize_t size = read(output_.get(), buffer_.data(), buffer_.size());
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (size <= 0) {
    output_.Reset();
    return false;
  }
  const absl::string_view bytes(buffer_.data(), static_cast<size_t>(size));
  log_.Append(bytes);
  Publish(bytes);
  splitter_.Feed(bytes, [this](absl::string_view line) {
    if (callbacks_.on_line) callbacks_.on_line(line);
  });
  return true;
}

void ChildProcess::Publish(absl::string_view bytes) {
  absl::MutexLock lock(&mu_);
  summary_ = {log_.total_bytes(), log_.left_out_bytes(), splitter_.truncated_lines(), log_.status()};
  if (tail_.size() + bytes.size() > 2 * kTailBytes) {
    tail_.erase(0, tail_.size() - std::min(tail_.size(), kTailBytes));
  }
  tail_.append(bytes.data(), bytes.size());
}

// With no process of the trial left, what the pipe holds is all there is. The bound is for a stranger who got hold of
// it.
void ChildProcess::DrainOutput() {
  if (!output_.is_open()) return;
  const int capacity = fcntl(output_.get(), F_GETPIPE_SZ);
  int64_t reads = std::max<int64_t>(1, capacity / 4096) + 1;  // a read takes a page of the pipe at least
  while (reads-- > 0 && ReadOutput()) {
  }
  output_.Reset();
}

void ChildProcess::Finish() {
  // A guard that closed its socket is ending or was killed; the latter takes the trial's first process with it.
  while (waitpid(guard_pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!is_tree_gone_) {
    result_.is_guard_lost = true;
    if (!is_exit_known_) result_.status = {.is_signaled = true, .code = SIGKILL};
    KillProcesses(token_, kLeftoverTimeout).IgnoreError();
  }
  DrainOutput();
  splitter_.Finish([this](absl::string_view line) {
    if (callbacks_.on_line) callbacks_.on_line(line);
  });
  result_.had_kernel_oom_kill = KernelOomKills() > oom_kills_at_start_;
  log_.Close();
  Publish(absl::string_view());
  {
    absl::MutexLock lock(&mu_);
    end_ = result_;
  }
  if (callbacks_.on_end) callbacks_.on_end();
}

}  // namespace pegbox::worker
