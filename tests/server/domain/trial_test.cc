#include "server/domain/trial.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <utility>

namespace pegbox {
namespace {

using Outcome = StopDecision::Outcome;

const absl::Time kCreated = absl::FromUnixSeconds(1'000);
const absl::Time kStarted = absl::FromUnixSeconds(1'010);
const absl::Time kNow = absl::FromUnixSeconds(1'100);

constexpr Outcome kAllOutcomes[] = {Outcome::kCompleted, Outcome::kEarlyStopped, Outcome::kCanceled,
                                    Outcome::kTimedOut};
const Failure kExitCode{.kind = FailureKind::kExitCode, .detail = "exit code 1", .exit_code = 1};
const Failure kTerminated{.kind = FailureKind::kSignal, .detail = "SIGTERM", .signal = 15};
const Failure kLost{.kind = FailureKind::kLost, .detail = "the worker went away"};
const Failure kSpawn{.kind = FailureKind::kSpawn, .detail = "no such file"};

StopDecision Stop(Outcome outcome) { return {.rule = "user", .outcome = outcome, .explanation = "told to stop"}; }

Trial Queued() { return {.id = {"mnist", 7}, .parameters = {{"x", 0.5}}, .create_time = kCreated}; }

// Of its first attempt on worker "gpu-1".
Trial Running(std::optional<double> value = std::nullopt) {
  Trial trial = Queued();
  trial.state = TrialState::kRunning;
  trial.attempt = Attempt{.number = 1, .worker_id = "gpu-1", .incarnation = "i1", .start_time = kStarted};
  trial.start_time = kStarted;
  trial.value = value;
  if (value.has_value()) trial.best_step = trial.last_step = 3;
  return trial;
}

Trial Stopping(Outcome outcome, std::optional<double> value = std::nullopt) {
  Trial trial = Running(value);
  trial.state = TrialState::kStopping;
  trial.stop = Stop(outcome);
  return trial;
}

// A trial that has come to `state` in a plausible way.
Trial InState(TrialState state) {
  if (state == TrialState::kQueued) return Queued();
  if (state == TrialState::kRunning) return Running(0.5);
  if (state == TrialState::kStopping) return Stopping(Outcome::kEarlyStopped, 0.5);
  Trial trial = Running(0.5);
  trial.state = state;
  trial.end_time = trial.attempt->end_time = kNow;
  return trial;
}

TEST(TrialStateTest, EveryPairOfStates) {
  using enum TrialState;
  const std::set<std::pair<TrialState, TrialState>> allowed = {
      {kQueued, kRunning},    {kQueued, kCanceled}, {kRunning, kQueued},     {kRunning, kStopping},
      {kRunning, kCompleted}, {kRunning, kFailed},  {kStopping, kCompleted}, {kStopping, kEarlyStopped},
      {kStopping, kCanceled}, {kStopping, kFailed}};
  for (const TrialState from : kAllTrialStates) {
    for (const TrialState to : kAllTrialStates) {
      EXPECT_EQ(CanTransition(from, to), allowed.contains({from, to})) << ToString(from) << " -> " << ToString(to);
    }
  }
}

TEST(TrialStateTest, LiveAndTerminalStates) {
  using enum TrialState;
  const std::set<TrialState> live = {kRunning, kStopping};
  const std::set<TrialState> terminal = {kCompleted, kEarlyStopped, kFailed, kCanceled};
  for (const TrialState state : kAllTrialStates) {
    EXPECT_EQ(IsLive(state), live.contains(state)) << ToString(state);
    EXPECT_EQ(IsTerminal(state), terminal.contains(state)) << ToString(state);
  }
}

TEST(TrialStateTest, TerminalStatesAreNeverLeft) {
  for (const TrialState from : kAllTrialStates) {
    if (!IsTerminal(from)) continue;
    for (const TrialState to : kAllTrialStates) EXPECT_FALSE(CanTransition(from, to)) << ToString(from);
  }
}

TEST(TrialStateTest, NamesAreThoseOfTheContract) {
  const std::map<TrialState, absl::string_view> names = {{TrialState::kQueued, "QUEUED"},
                                                         {TrialState::kRunning, "RUNNING"},
                                                         {TrialState::kStopping, "STOPPING"},
                                                         {TrialState::kCompleted, "COMPLETED"},
                                                         {TrialState::kEarlyStopped, "EARLY_STOPPED"},
                                                         {TrialState::kFailed, "FAILED"},
                                                         {TrialState::kCanceled, "CANCELED"}};
  for (const TrialState state : kAllTrialStates) EXPECT_EQ(ToString(state), names.at(state));
}

TEST(FailureTest, OnlyTheHostsFaultsAreInfrastructure) {
  const std::map<FailureKind, std::pair<absl::string_view, bool>> kinds = {
      {FailureKind::kExitCode, {"EXIT_CODE", false}},
      {FailureKind::kSignal, {"SIGNAL", false}},
      {FailureKind::kOutOfMemory, {"OUT_OF_MEMORY", false}},
      {FailureKind::kTimeout, {"TIMEOUT", false}},
      {FailureKind::kDiverged, {"DIVERGED", false}},
      {FailureKind::kNoMetric, {"NO_METRIC", false}},
      {FailureKind::kLost, {"LOST", true}},
      {FailureKind::kSpawn, {"SPAWN", true}}};
  for (const auto& [kind, expected] : kinds) {
    EXPECT_EQ(ToString(kind), expected.first);
    EXPECT_EQ(IsInfrastructure(kind), expected.second) << expected.first;
  }
}

// Runs `action` on a trial of every state: it succeeds in those of `allowed`, and moves only where CanTransition says;
// elsewhere it is FAILED_PRECONDITION and changes nothing.
template <typename Action>
void ExpectAllowedIn(const std::set<TrialState>& allowed, Action action) {
  for (const TrialState state : kAllTrialStates) {
    SCOPED_TRACE(std::string(ToString(state)));
    const Trial before = InState(state);
    Trial trial = before;
    const absl::Status status = action(trial);
    if (allowed.contains(state)) {
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_TRUE(trial.state == state || CanTransition(state, trial.state)) << ToString(trial.state);
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_EQ(trial, before);
    }
  }
}

TEST(TrialTest, OnlyAQueuedTrialIsLeased) {
  ExpectAllowedIn({TrialState::kQueued}, [](Trial& trial) { return Lease(trial, "gpu-1", "i1", kNow); });
  ExpectAllowedIn({TrialState::kQueued}, [](Trial& trial) { return Lease(trial, ClientLease(), kNow); });
}

TEST(TrialTest, OnlyALiveTrialFinishes) {
  for (const auto& failure : {std::optional<Failure>(), std::optional(kExitCode), std::optional(kLost)}) {
    ExpectAllowedIn({TrialState::kRunning, TrialState::kStopping},
                    [&](Trial& trial) { return Finish(trial, failure, true, kNow); });
  }
}

TEST(TrialTest, OnlyALiveTrialIsLost) {
  ExpectAllowedIn({TrialState::kRunning, TrialState::kStopping}, [](Trial& trial) { return Lose(trial, kLost, kNow); });
}

TEST(TrialTest, OnlyATrialThatHasNotEndedIsCanceled) {
  ExpectAllowedIn({TrialState::kQueued, TrialState::kRunning, TrialState::kStopping},
                  [](Trial& trial) { return RequestStop(trial, Stop(Outcome::kCanceled), kNow); });
}

TEST(TrialTest, OnlyALiveTrialIsStoppedByARule) {
  for (const Outcome outcome : {Outcome::kCompleted, Outcome::kEarlyStopped, Outcome::kTimedOut}) {
    ExpectAllowedIn({TrialState::kRunning, TrialState::kStopping},
                    [&](Trial& trial) { return RequestStop(trial, Stop(outcome), kNow); });
  }
}

TEST(TrialTest, WrongStateIsNamedInTheError) {
  Trial trial = Running();
  EXPECT_EQ(Lease(trial, "gpu-1", "i1", kNow).message(), "tuningJobs/mnist/trials/7: must be QUEUED; it is RUNNING");
}

TEST(TrialTest, FirstLeaseStartsTheTrial) {
  Trial trial = Queued();
  ASSERT_TRUE(Lease(trial, "gpu-1", "i1", kStarted).ok());
  EXPECT_EQ(trial.state, TrialState::kRunning);
  EXPECT_EQ(trial.start_time, kStarted);
  EXPECT_EQ(trial.attempt, (Attempt{.number = 1, .worker_id = "gpu-1", .incarnation = "i1", .start_time = kStarted}));
}

TEST(TrialTest, LeaseAfterALossCountsOnAndKeepsTheFirstStart) {
  Trial trial = Running(0.5);
  trial.checkpoint_path = "/checkpoints/7";
  trial.checkpoint_step = 2;
  ASSERT_TRUE(Lose(trial, kLost, kNow).ok());
  ASSERT_TRUE(Lease(trial, "gpu-2", "i9", kNow + absl::Seconds(1)).ok());
  EXPECT_EQ(trial.attempt,
            (Attempt{.number = 2, .worker_id = "gpu-2", .incarnation = "i9", .start_time = kNow + absl::Seconds(1)}));
  EXPECT_EQ(trial.start_time, kStarted);
  EXPECT_EQ(trial.value, 0.5);
  EXPECT_EQ(trial.checkpoint_path, "/checkpoints/7");
  EXPECT_EQ(trial.checkpoint_step, 2);
}

TEST(TrialFenceTest, CurrentAttemptOfItsHolderPasses) {
  EXPECT_TRUE(CheckAttempt(Running(), 1, "gpu-1", "i1").ok());
  EXPECT_TRUE(CheckAttempt(Stopping(Outcome::kCanceled), 1, "gpu-1", "i1").ok());
}

TEST(TrialFenceTest, AnyOtherIsAborted) {
  const Trial trial = Running();
  EXPECT_EQ(CheckAttempt(trial, 0, "gpu-1", "i1").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(CheckAttempt(trial, 2, "gpu-1", "i1").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(CheckAttempt(trial, 1, "gpu-2", "i1").code(), absl::StatusCode::kAborted);
  EXPECT_EQ(CheckAttempt(trial, 1, "gpu-1", "i2").code(), absl::StatusCode::kAborted);
}

TEST(TrialFenceTest, AttemptOfATrialThatIsNotLiveIsAborted) {
  for (const TrialState state : kAllTrialStates) {
    if (IsLive(state)) continue;
    EXPECT_EQ(CheckAttempt(InState(state), 1, "gpu-1", "i1").code(), absl::StatusCode::kAborted) << ToString(state);
  }
}

TEST(TrialFenceTest, AttemptBeforeALossIsAbortedAfterTheNextLease) {
  Trial trial = Running();
  ASSERT_TRUE(Lose(trial, kLost, kNow).ok());
  EXPECT_EQ(CheckAttempt(trial, 1, "gpu-1", "i1").code(), absl::StatusCode::kAborted);
  ASSERT_TRUE(Lease(trial, "gpu-1", "i1", kNow).ok());
  EXPECT_EQ(CheckAttempt(trial, 1, "gpu-1", "i1").message(),
            "tuningJobs/mnist/trials/7: attempt 1 is not the current one, which is 2");
  EXPECT_TRUE(CheckAttempt(trial, 2, "gpu-1", "i1").ok());
}

TEST(TrialFenceTest, AClientsAttemptGoesByItsNumber) {
  Trial trial = Queued();
  const ClientLease client = {.client_id = "notebook", .request_id = "r1", .duration = absl::Minutes(1)};
  ASSERT_TRUE(Lease(trial, client, kStarted).ok());
  EXPECT_EQ(trial.attempt, (Attempt{.number = 1, .start_time = kStarted, .client = client}));
  EXPECT_TRUE(CheckClientAttempt(trial, 1).ok());
  EXPECT_EQ(CheckClientAttempt(trial, 2).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(CheckAttempt(trial, 1, "gpu-1", "i1").message(),
            "tuningJobs/mnist/trials/7: attempt 1 is held by client notebook");
  ASSERT_TRUE(Lose(trial, kLost, kNow).ok());
  EXPECT_EQ(CheckClientAttempt(trial, 1).code(), absl::StatusCode::kAborted);
}

TEST(TrialFenceTest, AWorkersAttemptIsNoClients) {
  EXPECT_EQ(CheckClientAttempt(Running(), 1).message(),
            "tuningJobs/mnist/trials/7: attempt 1 is held by workers/gpu-1");
}

TEST(TrialStopTest, RunningTrialIsStoppingUntilItIsGone) {
  Trial trial = Running(0.5);
  ASSERT_TRUE(RequestStop(trial, Stop(Outcome::kEarlyStopped), kNow).ok());
  EXPECT_EQ(trial.state, TrialState::kStopping);
  EXPECT_EQ(trial.stop, Stop(Outcome::kEarlyStopped));
  EXPECT_EQ(trial.end_time, std::nullopt);
  EXPECT_EQ(trial.attempt->end_time, std::nullopt);
}

TEST(TrialStopTest, QueuedTrialIsCanceledAtOnce) {
  Trial trial = Queued();
  ASSERT_TRUE(RequestStop(trial, Stop(Outcome::kCanceled), kNow).ok());
  EXPECT_EQ(trial.state, TrialState::kCanceled);
  EXPECT_EQ(trial.stop, Stop(Outcome::kCanceled));
  EXPECT_EQ(trial.end_time, kNow);
}

TEST(TrialStopTest, SecondStopChangesNothing) {
  const Trial before = Stopping(Outcome::kEarlyStopped, 0.5);
  Trial trial = before;
  ASSERT_TRUE(RequestStop(trial, Stop(Outcome::kCanceled), kNow).ok());
  EXPECT_EQ(trial, before);
}

TEST(TrialFinishTest, GoodEndWithAValueIsCompleted) {
  Trial trial = Running(0.5);
  ASSERT_TRUE(Finish(trial, std::nullopt, true, kNow).ok());
  EXPECT_EQ(trial.state, TrialState::kCompleted);
  EXPECT_EQ(trial.failure, std::nullopt);
  EXPECT_EQ(trial.end_time, kNow);
  EXPECT_EQ(trial.attempt->end_time, kNow);
  EXPECT_EQ(trial.attempt->failure, std::nullopt);
}

// How a running trial ended, and which failure that is.
struct Ending {
  std::optional<Failure> failure;
  bool has_reported = false;
  std::optional<double> value;
  FailureKind expected;
};

TEST(TrialFinishTest, FailuresAreJudged) {
  const Failure out_of_memory{.kind = FailureKind::kOutOfMemory};
  const Failure timeout{.kind = FailureKind::kTimeout};
  const Ending endings[] = {
      {std::nullopt, false, std::nullopt, FailureKind::kNoMetric},
      {std::nullopt, true, std::nullopt, FailureKind::kDiverged},
      {kExitCode, false, std::nullopt, FailureKind::kExitCode},
      {kExitCode, true, std::nullopt, FailureKind::kDiverged},
      {kExitCode, true, 0.5, FailureKind::kExitCode},
      {kTerminated, true, std::nullopt, FailureKind::kSignal},
      {kTerminated, true, 0.5, FailureKind::kSignal},
      {out_of_memory, true, std::nullopt, FailureKind::kOutOfMemory},
      {timeout, true, 0.5, FailureKind::kTimeout},
  };
  for (const Ending& ending : endings) {
    Trial trial = Running(ending.value);
    ASSERT_TRUE(Finish(trial, ending.failure, ending.has_reported, kNow).ok());
    EXPECT_EQ(trial.state, TrialState::kFailed);
    ASSERT_TRUE(trial.failure.has_value());
    EXPECT_EQ(ToString(trial.failure->kind), ToString(ending.expected));
    EXPECT_EQ(trial.attempt->failure, trial.failure);
    EXPECT_EQ(trial.end_time, kNow);
    EXPECT_EQ(trial.attempt->end_time, kNow);
  }
}

TEST(TrialFinishTest, FailureIsKeptAsReported) {
  Trial trial = Running();
  ASSERT_TRUE(Finish(trial, kExitCode, false, kNow).ok());
  EXPECT_EQ(trial.failure, kExitCode);
}

TEST(TrialFinishTest, StoppedTrialEndsAsItsDecisionSaysHoweverItsProcessEnded) {
  const std::map<Outcome, TrialState> ends = {{Outcome::kCompleted, TrialState::kCompleted},
                                              {Outcome::kEarlyStopped, TrialState::kEarlyStopped},
                                              {Outcome::kCanceled, TrialState::kCanceled},
                                              {Outcome::kTimedOut, TrialState::kFailed}};
  for (const Outcome outcome : kAllOutcomes) {
    for (const auto& failure : {std::optional<Failure>(), std::optional(kExitCode), std::optional(kTerminated)}) {
      Trial trial = Stopping(outcome, 0.5);
      ASSERT_TRUE(Finish(trial, failure, true, kNow).ok());
      EXPECT_EQ(ToString(trial.state), ToString(ends.at(outcome)));
      EXPECT_EQ(trial.failure.has_value(), outcome == Outcome::kTimedOut);
      EXPECT_EQ(trial.attempt->failure, trial.failure);
      EXPECT_EQ(trial.end_time, kNow);
      EXPECT_EQ(trial.attempt->end_time, kNow);
    }
  }
}

TEST(TrialFinishTest, TimeoutTellsItsReason) {
  Trial trial = Stopping(Outcome::kTimedOut, 0.5);
  ASSERT_TRUE(Finish(trial, kTerminated, true, kNow).ok());
  EXPECT_EQ(trial.failure, (Failure{.kind = FailureKind::kTimeout, .detail = "told to stop"}));
}

TEST(TrialFinishTest, PatienceWithoutAFiniteValueHasFailed) {
  Trial diverged = Stopping(Outcome::kCompleted);
  ASSERT_TRUE(Finish(diverged, std::nullopt, true, kNow).ok());
  EXPECT_EQ(diverged.state, TrialState::kFailed);
  EXPECT_EQ(diverged.failure->kind, FailureKind::kDiverged);

  Trial silent = Stopping(Outcome::kCompleted);
  ASSERT_TRUE(Finish(silent, std::nullopt, false, kNow).ok());
  EXPECT_EQ(silent.state, TrialState::kFailed);
  EXPECT_EQ(silent.failure->kind, FailureKind::kNoMetric);
}

TEST(TrialFinishTest, InfrastructureFailureOfARunningTrialIsALoss) {
  for (const Failure& failure : {kLost, kSpawn}) {
    Trial finished = Running(0.5);
    ASSERT_TRUE(Finish(finished, failure, true, kNow).ok());
    Trial lost = Running(0.5);
    ASSERT_TRUE(Lose(lost, failure, kNow).ok());
    EXPECT_EQ(finished, lost);
    EXPECT_EQ(finished.state, TrialState::kQueued);
  }
}

TEST(TrialLoseTest, RunningTrialGoesBackToTheQueueWithItsLastAttempt) {
  Trial trial = Running(0.5);
  ASSERT_TRUE(Lose(trial, kLost, kNow).ok());
  EXPECT_EQ(trial.state, TrialState::kQueued);
  ASSERT_TRUE(trial.attempt.has_value());
  EXPECT_EQ(trial.attempt->number, 1);
  EXPECT_EQ(trial.attempt->end_time, kNow);
  EXPECT_EQ(trial.attempt->failure, kLost);
  EXPECT_EQ(trial.failure, std::nullopt);
  EXPECT_EQ(trial.end_time, std::nullopt);
}

TEST(TrialLoseTest, TrialFailsWithItsLastAttempt) {
  for (const Failure& failure : {kLost, kSpawn}) {
    Trial trial = Queued();
    for (int64_t attempt = 1; attempt < kMaxInfrastructureAttempts; ++attempt) {
      ASSERT_TRUE(Lease(trial, "gpu-1", "i1", kStarted).ok());
      ASSERT_TRUE(Lose(trial, failure, kNow).ok());
      ASSERT_EQ(trial.state, TrialState::kQueued) << attempt;
    }
    ASSERT_TRUE(Lease(trial, "gpu-1", "i1", kStarted).ok());
    ASSERT_TRUE(Lose(trial, failure, kNow).ok());
    EXPECT_EQ(trial.state, TrialState::kFailed);
    EXPECT_EQ(trial.attempt->number, kMaxInfrastructureAttempts);
    EXPECT_EQ(trial.failure->kind, failure.kind);
    EXPECT_EQ(trial.failure->detail, failure.detail + "; that was attempt 5, the last");
    EXPECT_EQ(trial.end_time, kNow);
  }
}

TEST(TrialLoseTest, StoppedTrialEndsAsItsDecisionSays) {
  const std::map<Outcome, TrialState> ends = {{Outcome::kCompleted, TrialState::kCompleted},
                                              {Outcome::kEarlyStopped, TrialState::kEarlyStopped},
                                              {Outcome::kCanceled, TrialState::kCanceled}};
  for (const auto& [outcome, end] : ends) {
    Trial trial = Stopping(outcome, 0.5);
    ASSERT_TRUE(Lose(trial, kLost, kNow).ok());
    EXPECT_EQ(ToString(trial.state), ToString(end));
    EXPECT_EQ(trial.failure, std::nullopt);
    EXPECT_EQ(trial.attempt->failure, kLost);
    EXPECT_EQ(trial.attempt->end_time, kNow);
  }
}

TEST(TrialLoseTest, TrialThatTimedOutStillFailsWithTimeout) {
  Trial trial = Stopping(Outcome::kTimedOut, 0.5);
  ASSERT_TRUE(Lose(trial, kLost, kNow).ok());
  EXPECT_EQ(trial.state, TrialState::kFailed);
  EXPECT_EQ(trial.failure->kind, FailureKind::kTimeout);
}

TEST(TrialLoseTest, PatienceWithoutAValueHasFailed) {
  Trial silent = Stopping(Outcome::kCompleted);
  ASSERT_TRUE(Lose(silent, kLost, kNow).ok());
  EXPECT_EQ(silent.failure->kind, FailureKind::kNoMetric);

  Trial diverged = Stopping(Outcome::kCompleted);
  diverged.last_step = 3;
  ASSERT_TRUE(Lose(diverged, kLost, kNow).ok());
  EXPECT_EQ(diverged.failure->kind, FailureKind::kDiverged);
}

}  // namespace
}  // namespace pegbox
