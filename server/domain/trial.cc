#include "server/domain/trial.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace pegbox {
namespace {

absl::Status WrongState(const Trial& trial, absl::string_view needed) {
  return absl::FailedPreconditionError(
      absl::StrCat(TrialName(trial.id), ": must be ", needed, "; it is ", ToString(trial.state)));
}

Failure NoFiniteObjective(bool has_reported_objective) {
  if (has_reported_objective) {
    return {.kind = FailureKind::kDiverged, .detail = "the objective was NaN or infinite in every report"};
  }
  return {.kind = FailureKind::kNoMetric, .detail = "ended without a report of the objective"};
}

void End(Trial& trial, TrialState state, absl::Time now) {
  trial.state = state;
  trial.end_time = now;
  trial.attempt->end_time = now;
}

void Fail(Trial& trial, Failure failure, absl::Time now) {
  trial.attempt->failure = failure;
  trial.failure = std::move(failure);
  End(trial, TrialState::kFailed, now);
}

// How its process ended says nothing of a trial that was told to stop: SIGTERM makes most programs fail.
void EndAsStopped(Trial& trial, bool has_reported_objective, absl::Time now) {
  switch (trial.stop->outcome) {
    case StopDecision::Outcome::kCompleted:
      if (!trial.value.has_value()) return Fail(trial, NoFiniteObjective(has_reported_objective), now);
      return End(trial, TrialState::kCompleted, now);
    case StopDecision::Outcome::kEarlyStopped:
      return End(trial, TrialState::kEarlyStopped, now);
    case StopDecision::Outcome::kCanceled:
      return End(trial, TrialState::kCanceled, now);
    case StopDecision::Outcome::kTimedOut:
      return Fail(trial, {.kind = FailureKind::kTimeout, .detail = trial.stop->explanation}, now);
  }
}

void LoseAttempt(Trial& trial, Failure failure, bool has_reported_objective, absl::Time now) {
  if (trial.state == TrialState::kStopping) {
    EndAsStopped(trial, has_reported_objective, now);
    if (!trial.attempt->failure.has_value()) trial.attempt->failure = std::move(failure);
    return;
  }
  if (trial.attempt->number >= kMaxInfrastructureAttempts) {
    failure.detail = absl::StrCat(failure.detail, failure.detail.empty() ? "" : "; ", "that was attempt ",
                                  trial.attempt->number, ", the last");
    return Fail(trial, std::move(failure), now);
  }
  trial.attempt->end_time = now;
  trial.attempt->failure = std::move(failure);
  trial.state = TrialState::kQueued;
}

void EndByItself(Trial& trial, std::optional<Failure> failure, bool has_reported_objective, absl::Time now) {
  // A program that gives up on NaN with an error code has diverged all the same.
  const bool has_diverged = has_reported_objective && !trial.value.has_value();
  if (failure.has_value() && !(failure->kind == FailureKind::kExitCode && has_diverged)) {
    return Fail(trial, *std::move(failure), now);
  }
  if (!trial.value.has_value()) return Fail(trial, NoFiniteObjective(has_reported_objective), now);
  End(trial, TrialState::kCompleted, now);
}

// `attempt` says who runs it.
absl::Status Start(Trial& trial, Attempt attempt, absl::Time now) {
  if (trial.state != TrialState::kQueued) return WrongState(trial, "QUEUED");
  attempt.number = trial.attempt.has_value() ? trial.attempt->number + 1 : 1;
  attempt.start_time = now;
  trial.attempt = std::move(attempt);
  if (!trial.start_time.has_value()) trial.start_time = now;
  trial.state = TrialState::kRunning;
  return absl::OkStatus();
}

absl::Status CheckCurrent(const Trial& trial, int64_t attempt) {
  const std::string name = TrialName(trial.id);
  if (!IsLive(trial.state)) {
    return absl::AbortedError(absl::StrCat(name, ": no attempt is live; the trial is ", ToString(trial.state)));
  }
  if (trial.attempt->number == attempt) return absl::OkStatus();
  return absl::AbortedError(
      absl::StrCat(name, ": attempt ", attempt, " is not the current one, which is ", trial.attempt->number));
}

absl::Status HeldBy(const Trial& trial, absl::string_view addition) {
  return absl::AbortedError(absl::StrCat(TrialName(trial.id), ": attempt ", trial.attempt->number, " is held by ",
                                         HolderName(*trial.attempt), addition));
}

}  // namespace

bool CanTransition(TrialState from, TrialState to) {
  switch (from) {
    case TrialState::kQueued:
      return to == TrialState::kRunning || to == TrialState::kCanceled;
    case TrialState::kRunning:
      return to == TrialState::kQueued || to == TrialState::kStopping || to == TrialState::kCompleted ||
             to == TrialState::kFailed;
    case TrialState::kStopping:
      return IsTerminal(to);
    case TrialState::kCompleted:
    case TrialState::kEarlyStopped:
    case TrialState::kFailed:
    case TrialState::kCanceled:
      return false;
  }
  return false;
}

bool IsTerminal(TrialState state) { return state != TrialState::kQueued && !IsLive(state); }

bool IsLive(TrialState state) { return state == TrialState::kRunning || state == TrialState::kStopping; }

absl::string_view ToString(TrialState state) {
  switch (state) {
    case TrialState::kQueued:
      return "QUEUED";
    case TrialState::kRunning:
      return "RUNNING";
    case TrialState::kStopping:
      return "STOPPING";
    case TrialState::kCompleted:
      return "COMPLETED";
    case TrialState::kEarlyStopped:
      return "EARLY_STOPPED";
    case TrialState::kFailed:
      return "FAILED";
    case TrialState::kCanceled:
      return "CANCELED";
  }
  return "";
}

bool IsInfrastructure(FailureKind kind) { return kind == FailureKind::kLost || kind == FailureKind::kSpawn; }

absl::string_view ToString(FailureKind kind) {
  switch (kind) {
    case FailureKind::kExitCode:
      return "EXIT_CODE";
    case FailureKind::kSignal:
      return "SIGNAL";
    case FailureKind::kOutOfMemory:
      return "OUT_OF_MEMORY";
    case FailureKind::kTimeout:
      return "TIMEOUT";
    case FailureKind::kDiverged:
      return "DIVERGED";
    case FailureKind::kNoMetric:
      return "NO_METRIC";
    case FailureKind::kLost:
      return "LOST";
    case FailureKind::kSpawn:
      return "SPAWN";
  }
  return "";
}

std::string HolderName(const Attempt& attempt) {
  return attempt.client.has_value() ? absl::StrCat("client ", attempt.client->client_id)
                                    : WorkerName(attempt.worker_id);
}

absl::Status Lease(Trial& trial, absl::string_view worker_id, absl::string_view incarnation, absl::Time now) {
  return Start(trial, {.worker_id = std::string(worker_id), .incarnation = std::string(incarnation)}, now);
}

absl::Status Lease(Trial& trial, ClientLease client, absl::Time now) {
  return Start(trial, {.client = std::move(client)}, now);
}

absl::Status CheckAttempt(const Trial& trial, int64_t attempt, absl::string_view worker_id,
                          absl::string_view incarnation) {
  PEGBOX_RETURN_IF_ERROR(CheckCurrent(trial, attempt));
  if (trial.attempt->worker_id == worker_id && trial.attempt->incarnation == incarnation) return absl::OkStatus();
  return HeldBy(trial, trial.attempt->worker_id == worker_id ? " of another start" : "");
}

absl::Status CheckClientAttempt(const Trial& trial, int64_t attempt) {
  PEGBOX_RETURN_IF_ERROR(CheckCurrent(trial, attempt));
  return trial.attempt->client.has_value() ? absl::OkStatus() : HeldBy(trial, "");
}

absl::Status RequestStop(Trial& trial, StopDecision decision, absl::Time now) {
  if (trial.state == TrialState::kStopping) return absl::OkStatus();
  const bool is_queued = trial.state == TrialState::kQueued;
  const bool may_cancel = is_queued && decision.outcome == StopDecision::Outcome::kCanceled;
  if (trial.state != TrialState::kRunning && !may_cancel) {
    return WrongState(trial, is_queued ? "RUNNING" : "QUEUED, RUNNING or STOPPING");
  }
  trial.stop = std::move(decision);
  if (is_queued) {
    trial.state = TrialState::kCanceled;
    trial.end_time = now;
  } else {
    trial.state = TrialState::kStopping;
  }
  return absl::OkStatus();
}

absl::Status Finish(Trial& trial, std::optional<Failure> failure, bool has_reported_objective, absl::Time now) {
  if (!IsLive(trial.state)) return WrongState(trial, "RUNNING or STOPPING");
  if (failure.has_value() && IsInfrastructure(failure->kind)) {
    LoseAttempt(trial, *std::move(failure), has_reported_objective, now);
  } else if (trial.state == TrialState::kStopping) {
    EndAsStopped(trial, has_reported_objective, now);
  } else {
    EndByItself(trial, std::move(failure), has_reported_objective, now);
  }
  return absl::OkStatus();
}

absl::Status Lose(Trial& trial, Failure failure, absl::Time now) {
  if (!IsLive(trial.state)) return WrongState(trial, "RUNNING or STOPPING");
  LoseAttempt(trial, std::move(failure), /*has_reported_objective=*/trial.last_step.has_value(), now);
  return absl::OkStatus();
}

}  // namespace pegbox
