// A trial and the rules of its life. Pure: each function takes what it needs and changes one Trial, or rejects and
// changes nothing.
//
//   QUEUED --Lease--> RUNNING --Finish--> COMPLETED | FAILED
//                     RUNNING --RequestStop--> STOPPING --Finish--> COMPLETED | EARLY_STOPPED | CANCELED | FAILED
//                     RUNNING, STOPPING --Lose--> QUEUED (retries left, not stopping) | FAILED(LOST) | as stopped
//   QUEUED --Cancel--> CANCELED
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/resource_name.h"
#include "server/domain/parameter.h"
#include "server/domain/stopping_rule.h"

namespace pegbox {

enum class TrialState { kQueued, kRunning, kStopping, kCompleted, kEarlyStopped, kFailed, kCanceled };
inline constexpr TrialState kAllTrialStates[] = {
    TrialState::kQueued,       TrialState::kRunning, TrialState::kStopping, TrialState::kCompleted,
    TrialState::kEarlyStopped, TrialState::kFailed,  TrialState::kCanceled};

bool CanTransition(TrialState from, TrialState to);
bool IsTerminal(TrialState state);
// Running or stopping: it holds one of max_parallel_jobs.
bool IsLive(TrialState state);
absl::string_view ToString(TrialState state);

enum class FailureKind { kExitCode, kSignal, kOutOfMemory, kTimeout, kDiverged, kNoMetric, kLost, kSpawn };

// The host's or the network's fault, not the hyperparameters': retried, and never taught to the search.
bool IsInfrastructure(FailureKind kind);
absl::string_view ToString(FailureKind kind);

struct Failure {
  FailureKind kind = FailureKind::kExitCode;
  std::string detail;
  int32_t exit_code = 0;
  int32_t signal = 0;
  friend bool operator==(const Failure&, const Failure&) = default;
};

// Attempts that a trial may lose to the infrastructure before it fails.
inline constexpr int64_t kMaxInfrastructureAttempts = 5;

// A program that runs a trial itself: it asked for the trial, and holds it as long as it reports.
struct ClientLease {
  std::string client_id;
  std::string request_id;  // of the call that asked; empty when that is not to be repeated
  absl::Duration duration;
  friend bool operator==(const ClientLease&, const ClientLease&) = default;
};

// One run of a trial, by one worker or by one client. A worker's incarnation is new with each start of the worker.
struct Attempt {
  int64_t number = 0;
  std::string worker_id;  // this and the next are empty when a client runs it
  std::string incarnation;
  absl::Time start_time;
  std::optional<absl::Time> end_time;
  std::optional<Failure> failure;
  std::optional<ClientLease> client;  // absent: a worker runs it
  friend bool operator==(const Attempt&, const Attempt&) = default;
};

// "workers/gpu-1" or "client notebook", for people.
std::string HolderName(const Attempt& attempt);

// Hyperparameters of the search's surrogate, on the log scale: length-scales, signal variance, noise variance.
struct SurrogateFit {
  std::vector<double> objective_theta;
  std::vector<double> feasibility_theta;  // of the model of failures; empty while there is none
  int64_t outcomes = 0;                   // trials that had ended when it was made
  int64_t evaluations = 0;                // of the marginal likelihood
  friend bool operator==(const SurrogateFit&, const SurrogateFit&) = default;
};

// Where a suggestion came from.
struct Provenance {
  std::string source;
  std::optional<double> acquisition_value;
  int64_t fit_evaluations = 0;  // spent on this suggestion
  double suggest_milliseconds = 0;
  std::string note;
  std::optional<SurrogateFit> fit;  // that it was made with
  int64_t outcomes = 0;             // trials that had ended
  std::optional<double> incumbent;  // the value to improve on, standardized; less is better
  friend bool operator==(const Provenance&, const Provenance&) = default;
};

struct Trial {
  TrialId id;
  Assignment parameters;
  Provenance provenance;
  TrialState state = TrialState::kQueued;

  // The current attempt, or the last; empty before the first. Older ones rest in the store.
  std::optional<Attempt> attempt;

  // Of the objective, over all attempts.
  std::optional<double> value;
  std::optional<int64_t> best_step;
  std::optional<int64_t> last_step;

  std::optional<StopDecision> stop;
  std::optional<Failure> failure;
  std::string checkpoint_path;
  std::optional<int64_t> checkpoint_step;

  absl::Time create_time;
  std::optional<absl::Time> start_time;
  std::optional<absl::Time> end_time;

  // Set by the store on each write; grows with every change of anything.
  int64_t revision = 0;

  friend bool operator==(const Trial&, const Trial&) = default;
};

// FAILED_PRECONDITION: not queued.
absl::Status Lease(Trial& trial, absl::string_view worker_id, absl::string_view incarnation, absl::Time now);
absl::Status Lease(Trial& trial, ClientLease client, absl::Time now);

// The fence: ABORTED unless `attempt` is the trial's current one, still live, and held by this incarnation of this
// worker.
absl::Status CheckAttempt(const Trial& trial, int64_t attempt, absl::string_view worker_id,
                          absl::string_view incarnation);
// The same for attempts of clients, whose number is all the proof there is: ABORTED also when a worker holds it.
absl::Status CheckClientAttempt(const Trial& trial, int64_t attempt);

// RUNNING -> STOPPING; QUEUED -> CANCELED when the outcome is kCanceled. No change when it is stopping already.
// FAILED_PRECONDITION: it has ended, or is queued and the outcome is another.
absl::Status RequestStop(Trial& trial, StopDecision decision, absl::Time now);

// The current attempt has ended by itself or as told; `failure` says how when not with exit code 0. Judges:
// a stopped trial ends as its decision's outcome says; without a finite objective a trial has failed (DIVERGED when it
// reported some value, else NO_METRIC); an infrastructure failure is as Lose.
// `has_reported_objective`: some report of the objective, finite or not, was stored.
// FAILED_PRECONDITION: it is not live.
absl::Status Finish(Trial& trial, std::optional<Failure> failure, bool has_reported_objective, absl::Time now);

// The current attempt is gone with its worker or could not be started: back to the queue, or, stopped or out of
// retries, to an end. FAILED_PRECONDITION: it is not live.
absl::Status Lose(Trial& trial, Failure failure, absl::Time now);

}  // namespace pegbox
