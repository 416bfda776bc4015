// How a trial's processes end.
#include "worker/process/child_process.h"

#include <gmock/gmock.h>
#include <sys/wait.h>

#include <csignal>

#include "absl/time/clock.h"
#include "tests/worker/process/process_fixture.h"
#include "worker/process/process_token.h"

namespace pegbox::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using ChildProcessTest = ProcessTest;

TEST_F(ChildProcessTest, ExitCodeIsTold) {
  for (const int code : {0, 1, 7, 137, 255}) {
    const ProcessEnd end = Run(Shell(absl::StrCat("exit ", code)));
    EXPECT_EQ(end.status, (ExitStatus{.is_signaled = false, .code = code}));
    EXPECT_EQ(end.stop_cause, StopCause::kNone);
    EXPECT_FALSE(end.is_guard_lost);
  }
}

// The guard ends with the message unread, and the kernel tells of that before it hands on the guard's last words.
TEST_F(ChildProcessTest, MessageThatComesTooLateDoesNotHideTheExitCode) {
  const auto process =
      Start(Shell("echo guard $PPID; while [ ! -e go ]; do sleep 0.01; done; kill -STOP $PPID; exit 7"));
  std::ofstream(Path("go")) << "";
  const pid_t guard = PidOf(lines_.Await("guard "));
  const std::string stat = absl::StrCat("/proc/", process->pid(), "/stat");
  while (!absl::StrContains(ReadFile(stat), ") Z ")) absl::SleepFor(absl::Milliseconds(1));
  for (int i = 0; i < 3; ++i) process->KillUnlessRenewed(absl::Minutes(1));
  ASSERT_EQ(kill(guard, SIGCONT), 0);
  const std::optional<ProcessEnd> end = process->Wait(kPatience);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->status, (ExitStatus{.is_signaled = false, .code = 7}));
  EXPECT_FALSE(end->is_guard_lost);
}

TEST_F(ChildProcessTest, SignalIsTold) {
  for (const int signal : {SIGSEGV, SIGKILL, SIGABRT, SIGTERM, SIGHUP}) {
    const ProcessEnd end = Run(Shell(absl::StrCat("kill -", signal, " $$")));
    EXPECT_EQ(end.status, (ExitStatus{.is_signaled = true, .code = signal}));
    EXPECT_EQ(end.stop_cause, StopCause::kNone);
  }
}

TEST_F(ChildProcessTest, WaitGivesUpWhileItRuns) {
  const auto process = Start(Spec({"sleep", "1000"}));
  EXPECT_FALSE(process->Wait(absl::Milliseconds(20)).has_value());
  EXPECT_FALSE(process->end().has_value());
  EXPECT_EQ(kill(process->pid(), 0), 0);
}

TEST_F(ChildProcessTest, EndIsCalledAfterTheLastLineAndWaitReturnsThen) {
  std::vector<std::string> events;
  ChildProcess* started = nullptr;
  absl::Mutex mu;
  mu.Lock();  // holds the first line back until `started` is set
  const auto process = ChildProcess::Start(Shell("echo one; echo two"),
                                           {.on_line =
                                                [&](absl::string_view line) {
                                                  absl::MutexLock lock(&mu);
                                                  events.emplace_back(line);
                                                },
                                            .on_end =
                                                [&] {
                                                  absl::MutexLock lock(&mu);
                                                  events.push_back(started->end().has_value() ? "ended" : "early");
                                                }});
  ASSERT_TRUE(process.ok()) << process.status();
  started = process->get();
  const bool is_called = [&] {
    const auto has_ended = [&] { return events.size() == 3; };
    return mu.AwaitWithTimeout(absl::Condition(&has_ended), kPatience);
  }();
  EXPECT_TRUE(is_called);
  EXPECT_THAT(events, ElementsAre("one", "two", "ended"));
  mu.Unlock();
}

TEST_F(ChildProcessTest, TerminateGivesTheTrialTimeToSave) {
  const auto process = Start(Shell("trap 'echo saved; exit 5' TERM; echo ready; while :; do sleep 0.05; done"));
  ASSERT_EQ(lines_.Await("ready"), "ready");
  process->Terminate(absl::InfiniteDuration());
  const auto end = process->Wait(kPatience);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->status, (ExitStatus{.code = 5}));
  EXPECT_EQ(end->stop_cause, StopCause::kTerminated);
  EXPECT_EQ(lines_.lines().back(), "saved");
}

TEST_F(ChildProcessTest, GraceHoldsForTheRestOfTheGroupAfterItsLeader) {
  const auto process =
      Start(Shell("sh -c 'trap \"sleep 0.3; echo saved; exit\" TERM; echo ready; while :; do sleep 0.05; done' & "
                  "trap 'exit 4' TERM; wait"));
  ASSERT_EQ(lines_.Await("ready"), "ready");
  process->Terminate(kPatience * 2);
  const auto end = process->Wait(kPatience);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->status, (ExitStatus{.code = 4}));
  EXPECT_EQ(lines_.lines().back(), "saved");
}

TEST_F(ChildProcessTest, TrialThatIgnoresSigtermIsKilledAfterTheGrace) {
  const auto process = Start(Shell("trap '' TERM; echo ready; while :; do sleep 0.05; done"));
  ASSERT_EQ(lines_.Await("ready"), "ready");
  process->Terminate(absl::Milliseconds(200));
  EXPECT_FALSE(process->Wait(absl::Milliseconds(100)).has_value());
  const auto end = process->Wait(kPatience);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->status, (ExitStatus{.is_signaled = true, .code = SIGKILL}));
  EXPECT_EQ(end->stop_cause, StopCause::kKilled);
}

TEST_F(ChildProcessTest, KillEndsAStoppedTrial) {
  const auto process = Start(Spec({"sleep", "1000"}));
  ASSERT_EQ(kill(process->pid(), SIGSTOP), 0);
  process->Kill();
  const auto end = process->Wait(kPatience);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->stop_cause, StopCause::kKilled);
}

TEST_F(ChildProcessTest, KillReachesADaemonThatClearedItsEnvironment) {
  const auto process = Start(Spec({PROBE_PATH, "detach-bare"}));
  const pid_t daemon = PidOf(lines_.Await("held "));
  ASSERT_EQ(kill(daemon, 0), 0);
  process->Kill();
  ASSERT_TRUE(process->Wait(kPatience).has_value());
  EXPECT_EQ(kill(daemon, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(ChildProcessTest, WhatOutlivesTheFirstProcessIsKilledAndItsStatusTold) {
  const auto process = Start(Spec({PROBE_PATH, "detach-exit"}));
  const auto end = process->Wait(kPatience);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->status, ExitStatus{});
  EXPECT_EQ(end->stop_cause, StopCause::kNone);
  EXPECT_EQ(kill(PidOf(lines_.Await("held ")), 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(ChildProcessTest, BackgroundJobThatHoldsThePipeDoesNotHoldTheEnd) {
  EXPECT_EQ(Run(Shell("sleep 1000 & echo started; exit 3")).status.code, 3);
  EXPECT_THAT(lines_.lines(), ElementsAre("started"));
}

TEST_F(ChildProcessTest, TreeOfManyProcessesIsKilled) {
  const auto process =
      Start(Shell("for i in 1 2 3 4 5 6 7 8; do (setsid sh -c 'sleep 1000 & sleep 1000 & wait' &) ; done; "
                  "echo ready; wait; sleep 1000"));
  ASSERT_EQ(lines_.Await("ready"), "ready");
  const std::string token = process->token();
  process->Kill();
  ASSERT_TRUE(process->Wait(kPatience).has_value());
  const auto left = FindProcesses(token);
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_THAT(*left, IsEmpty());
}

TEST_F(ChildProcessTest, DeadlineThatNobodyMovesKills) {
  const auto process = Start(Shell("trap '' TERM; sleep 1000"));
  process->KillUnlessRenewed(absl::Milliseconds(50));
  const auto end = process->Wait(kPatience);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->status, (ExitStatus{.is_signaled = true, .code = SIGKILL}));
  EXPECT_EQ(end->stop_cause, StopCause::kDeadline);
}

TEST_F(ChildProcessTest, DeadlineCanBeMovedAndTakenAway) {
  const auto process = Start(Spec({"sleep", "1000"}));
  process->KillUnlessRenewed(absl::Milliseconds(800));
  process->KillUnlessRenewed(absl::InfiniteDuration());
  EXPECT_FALSE(process->Wait(absl::Seconds(1)).has_value());
}

TEST_F(ChildProcessTest, DestructionEndsTheTrial) {
  auto process = Start(Spec({PROBE_PATH, "detach"}));
  const pid_t daemon = PidOf(lines_.Await("held "));
  const pid_t leader = process->pid();
  process.reset();
  EXPECT_EQ(kill(daemon, 0), -1);
  EXPECT_EQ(kill(leader, 0), -1);
}

TEST_F(ChildProcessTest, CallsAfterTheEndDoNothing) {
  const auto process = Start(Shell("exit 3"));
  ASSERT_TRUE(process->Wait(kPatience).has_value());
  process->Terminate(absl::ZeroDuration());
  process->KillUnlessRenewed(absl::ZeroDuration());
  process->Kill();
  EXPECT_EQ(process->end()->status.code, 3);
  EXPECT_EQ(process->end()->stop_cause, StopCause::kNone);
}

TEST_F(ChildProcessTest, EndOfTheGuardBySigtermTakesTheTrialWithIt) {
  const auto process = Start(Spec({PROBE_PATH, "detach-bare"}));
  const pid_t daemon = PidOf(lines_.Await("held "));
  std::ifstream status(absl::StrCat("/proc/", process->pid(), "/stat"));
  std::string pid, name, state;
  pid_t guard = 0;
  status >> pid >> name >> state >> guard;
  ASSERT_EQ(kill(guard, SIGTERM), 0);
  const auto end = process->Wait(kPatience);
  ASSERT_TRUE(end.has_value());
  EXPECT_FALSE(end->is_guard_lost);
  EXPECT_EQ(kill(daemon, 0), -1);
}

TEST_F(ChildProcessTest, KilledGuardTakesTheTrialWithItAndTheTokenFindsTheRest) {
  const auto process = Start(Spec({PROBE_PATH, "detach"}));
  const pid_t daemon = PidOf(lines_.Await("held "));
  std::ifstream status(absl::StrCat("/proc/", process->pid(), "/stat"));
  std::string pid, name, state;
  pid_t guard = 0;
  status >> pid >> name >> state >> guard;
  ASSERT_EQ(kill(guard, SIGKILL), 0);
  const auto end = process->Wait(kPatience);
  ASSERT_TRUE(end.has_value());
  EXPECT_TRUE(end->is_guard_lost);
  EXPECT_EQ(end->status, (ExitStatus{.is_signaled = true, .code = SIGKILL}));
  EXPECT_TRUE(AwaitDeath(daemon));
}

}  // namespace
}  // namespace pegbox::worker
