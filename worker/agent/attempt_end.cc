#include "worker/agent/attempt_end.h"

#include "absl/strings/str_cat.h"
#include "worker/agent/log_text.h"

namespace pegbox::worker {
namespace {

constexpr size_t kMaxShownLineBytes = 300;

FailureKind ToFailureKind(ExitKind kind) {
  switch (kind) {
    case ExitKind::kSignal:
      return FailureKind::kSignal;
    case ExitKind::kOutOfMemory:
      return FailureKind::kOutOfMemory;
    case ExitKind::kSuccess:
    case ExitKind::kExitCode:
      break;
  }
  return FailureKind::kExitCode;
}

}  // namespace

std::optional<Failure> ExplainEnd(const AttemptEnd& end) {
  const bool ended_by_itself = end.process.stop_cause == StopCause::kNone && !end.has_socket_reported;
  const StopOrigin origin = ended_by_itself ? StopOrigin::kNone : end.stop_origin;
  if (origin == StopOrigin::kLease || end.process.stop_cause == StopCause::kDeadline) {
    return Failure{.kind = FailureKind::kLost,
                   .detail = absl::StrCat("ended by its worker, which had not reached the server for ",
                                          absl::FormatDuration(end.lease_silence))};
  }
  if (origin == StopOrigin::kWorker) return Failure{.kind = FailureKind::kLost, .detail = "worker stopped"};
  const std::string last_line = LastLine(end.log_tail, kMaxShownLineBytes);
  const std::string quoted = last_line.empty() ? "" : absl::StrCat("; last line of its log: ", last_line);
  if (origin == StopOrigin::kRuntime) {
    return Failure{
        .kind = FailureKind::kTimeout,
        .detail = absl::StrCat("ran longer than max_runtime, ", absl::FormatDuration(end.max_runtime), quoted)};
  }
  const ExitClass exit = ClassifyExit(end.process, end.log_tail);
  if (exit.kind == ExitKind::kSuccess) return std::nullopt;
  return Failure{.kind = ToFailureKind(exit.kind),
                 .detail = absl::StrCat(exit.reason, quoted),
                 .exit_code = exit.kind == ExitKind::kExitCode ? end.process.status.code : 0,
                 .signal = exit.kind == ExitKind::kSignal ? end.process.status.code : 0};
}

}  // namespace pegbox::worker
