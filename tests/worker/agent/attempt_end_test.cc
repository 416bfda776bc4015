#include "worker/agent/attempt_end.h"

#include <gmock/gmock.h>

#include <csignal>

#include "worker/agent/attempt_lease.h"
#include "worker/agent/log_text.h"

namespace pegbox::worker {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

AttemptEnd Exit(int code) { return {.process = {.status = {.is_signaled = false, .code = code}}}; }

AttemptEnd Terminated(StopOrigin origin) {
  return {.process = {.status = {.is_signaled = true, .code = SIGTERM}, .stop_cause = StopCause::kTerminated},
          .stop_origin = origin};
}

TEST(AttemptEndTest, ExitCodeZeroIsNoFailure) { EXPECT_FALSE(ExplainEnd(Exit(0)).has_value()); }

TEST(AttemptEndTest, ExitCodeIsExplainedWithTheLastLine) {
  AttemptEnd end = Exit(3);
  end.log_tail = "one\ntwo\n\n";
  const std::optional<Failure> failure = ExplainEnd(end);
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->kind, FailureKind::kExitCode);
  EXPECT_EQ(failure->exit_code, 3);
  EXPECT_EQ(failure->detail, "exit code 3; last line of its log: two");
}

TEST(AttemptEndTest, SignalIsNamed) {
  const std::optional<Failure> failure = ExplainEnd(Terminated(StopOrigin::kServer));
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->kind, FailureKind::kSignal);
  EXPECT_EQ(failure->signal, SIGTERM);
  EXPECT_EQ(failure->exit_code, 0);
  EXPECT_EQ(failure->detail, "signal 15 (SIGTERM)");
}

TEST(AttemptEndTest, OutOfMemoryIsToldApart) {
  AttemptEnd end = Exit(1);
  end.log_tail = "RuntimeError: CUDA out of memory. Tried to allocate 2 GiB\n";
  EXPECT_EQ(ExplainEnd(end)->kind, FailureKind::kOutOfMemory);
}

TEST(AttemptEndTest, StopOfTheWorkerIsLostEvenWhenTheTrialEndedWell) {
  AttemptEnd end = Terminated(StopOrigin::kWorker);
  end.process.status = {};
  const std::optional<Failure> failure = ExplainEnd(end);
  ASSERT_TRUE(failure.has_value());
  EXPECT_EQ(failure->kind, FailureKind::kLost);
  EXPECT_EQ(failure->detail, "worker stopped");
}

TEST(AttemptEndTest, TrialThatEndedBeforeItHeardOfAStopIsJudgedByItsExit) {
  AttemptEnd end = Exit(0);
  end.stop_origin = StopOrigin::kWorker;
  EXPECT_FALSE(ExplainEnd(end).has_value());
  end.has_socket_reported = true;  // it may have heard of it there
  EXPECT_EQ(ExplainEnd(end)->kind, FailureKind::kLost);
}

TEST(AttemptEndTest, EndOfTheLeaseIsLost) {
  AttemptEnd end = Terminated(StopOrigin::kLease);
  end.lease_silence = absl::Seconds(270);
  EXPECT_EQ(ExplainEnd(end)->kind, FailureKind::kLost);
  EXPECT_THAT(ExplainEnd(end)->detail, HasSubstr("4m30s"));
  end = Terminated(StopOrigin::kNone);
  end.process.stop_cause = StopCause::kDeadline;
  EXPECT_EQ(ExplainEnd(end)->kind, FailureKind::kLost);
}

TEST(AttemptEndTest, MaxRuntimeIsATimeoutEvenWhenTheTrialEndedWell) {
  AttemptEnd end = Terminated(StopOrigin::kRuntime);
  end.process.status = {};
  end.max_runtime = absl::Seconds(90);
  EXPECT_EQ(ExplainEnd(end)->kind, FailureKind::kTimeout);
  EXPECT_THAT(ExplainEnd(end)->detail, StartsWith("ran longer than max_runtime, 1m30s"));
}

TEST(LastLineTest, BlankLinesAndLineEndsAreLeftOut) {
  EXPECT_EQ(LastLine("a\r\nb\r\n \n\t\n", 300), "b");
  EXPECT_EQ(LastLine("10%\r20%\r", 300), "20%");
  EXPECT_EQ(LastLine("", 300), "");
  EXPECT_EQ(LastLine("\n\n", 300), "");
}

TEST(LastLineTest, AnyBytesBecomeShortValidText) {
  EXPECT_EQ(LastLine("\x1b[31mred\x07", 300), " [31mred ");
  EXPECT_EQ(LastLine("a\xff"
                     "b",
                     300),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_THAT(LastLine(std::string(1000, 'x'), 300), SizeIs(300));
  EXPECT_EQ(LastLine(std::string(299, 'x') + "\xc3\xa4", 300), std::string(299, 'x'));  // half of an umlaut
}

TEST(AttemptLeaseTest, StopLeavesTimeForTheGracePeriodWithinAThirdOfTheLease) {
  const AttemptLease usual = {.duration = absl::Minutes(5), .grace_period = absl::Seconds(10)};
  EXPECT_EQ(usual.KillAfter(), absl::Seconds(270));
  EXPECT_EQ(usual.StopAfter(), absl::Seconds(270));
  const AttemptLease slow = {.duration = absl::Minutes(5), .grace_period = absl::Seconds(60)};
  EXPECT_EQ(slow.StopAfter(), absl::Seconds(300 - 62));
  const AttemptLease very_slow = {.duration = absl::Minutes(5), .grace_period = absl::Hours(1)};
  EXPECT_EQ(very_slow.StopAfter(), absl::Seconds(200));
  EXPECT_EQ(very_slow.KillAfter(), absl::Seconds(270));
}

}  // namespace
}  // namespace pegbox::worker
