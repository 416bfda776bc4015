#include "tests/worker/agent/agent_fixture.h"

namespace pegbox::worker {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr absl::Duration kLongPoll = absl::Seconds(10);

void SetGrace(v1::TrialAssignment& assignment, int milliseconds) {
  assignment.mutable_template_()->mutable_grace_period()->set_seconds(milliseconds / 1000);
  assignment.mutable_template_()->mutable_grace_period()->set_nanos(milliseconds % 1000 * 1'000'000);
}

class AgentStopTest : public AgentTest {
 protected:
  void TellToStop(const std::string& key) {
    service().Change([&](ServerState& state) {
      state.attempts.at(key).is_stopping = true;
      state.attempts.at(key).stop_reason = "worse than the median";
    });
  }
};

TEST_F(AgentStopTest, DirectiveOnTheSocketIsObeyedWithoutASignal) {
  const std::string key = Add(1, {PROBE_PATH, "report", "1000", "20"});
  StartAgent();
  ASSERT_TRUE(AwaitRows(key, 2));
  TellToStop(key);
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_FALSE(Attempt(key).finishes[0].has_failure());
  EXPECT_EQ(Attempt(key).log, "stopped: worse than the median\n");
}

TEST_F(AgentStopTest, ProgramWithoutASocketGetsSigtermAtOnce) {
  const std::string key =
      AddScript(1, "trap 'echo checkpoint; exit 0' TERM\n" + PrintMetric("1", "1") + "while :; do sleep 0.02; done");
  StartAgent();
  ASSERT_TRUE(AwaitRows(key, 1));
  const absl::Time start = absl::Now();
  TellToStop(key);
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_LT(absl::Now() - start, kLongPoll / 2);
  EXPECT_FALSE(Attempt(key).finishes[0].has_failure());
  EXPECT_THAT(Attempt(key).log, HasSubstr("checkpoint\n"));
}

TEST_F(AgentStopTest, ProgramThatIgnoresTheDirectiveGetsSigterm) {
  const std::string key = AddScript(1, absl::StrCat(PROBE_PATH, " report 1 0; sleep 60"));
  StartAgent();
  ASSERT_TRUE(AwaitRows(key, 1));
  TellToStop(key);
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_EQ(Attempt(key).finishes[0].failure().kind(), v1::Failure::SIGNAL);
  EXPECT_EQ(Attempt(key).finishes[0].failure().signal(), SIGTERM);
}

TEST_F(AgentStopTest, ProgramThatIgnoresSigtermIsKilledWithItsChildrenAfterTheGracePeriod) {
  const std::string key = AddScript(1,
                                    "trap '' TERM\nsetsid sleep 300 &\n" + WritePid("child", "$!") + WritePid("self") +
                                        PrintMetric("1", "1") + "while :; do sleep 0.02; done",
                                    [](v1::TrialAssignment& assignment) { SetGrace(assignment, 300); });
  StartAgent();
  ASSERT_TRUE(AwaitRows(key, 1));
  const pid_t self = AwaitPid(1, "self");
  const pid_t child = AwaitPid(1, "child");
  TellToStop(key);
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_EQ(Attempt(key).finishes[0].failure().signal(), SIGKILL);
  EXPECT_FALSE(IsAlive(self));
  EXPECT_FALSE(IsAlive(child));
}

TEST_F(AgentStopTest, StopIsToldOnlyOnce) {
  const std::string key = AddScript(1, "trap '' TERM\n" + PrintMetric("1", "1") + "while :; do sleep 0.02; done",
                                    [](v1::TrialAssignment& assignment) { SetGrace(assignment, 500); });
  StartAgent();
  ASSERT_TRUE(AwaitRows(key, 1));
  const size_t syncs = service().Get().syncs.size();
  TellToStop(key);
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_LE(service().Get().syncs.size() - syncs, 3u);
  bool is_named_stopping = false;
  for (const v1::SyncWorkerRequest& sync : service().Get().syncs)
    is_named_stopping |= sync.stopping_attempts_size() > 0;
  EXPECT_TRUE(is_named_stopping);
}

TEST_F(AgentStopTest, FencedAttemptIsKilledWithoutAWord) {
  const std::string key = AddScript(1, "trap '' TERM\n" + WritePid("self") + "while :; do sleep 0.02; done");
  StartAgent();
  const pid_t pid = AwaitPid(1, "self");
  service().Change([&](ServerState& state) { state.attempts.at(key).is_fenced = true; });
  EXPECT_TRUE(AwaitDeath(pid));
  const std::string next = AddScript(2, "true");
  ASSERT_TRUE(AwaitFinish(next));
  EXPECT_THAT(Attempt(key).finishes, IsEmpty());
}

TEST_F(AgentStopTest, AttemptFencedInTheAnswerToAReportIsKilled) {
  const std::string key =
      AddScript(1, WritePid("self") + PrintMetric("1", "1") + "read line < $PEGBOX_CHECKPOINT_DIR/fifo\n" +
                       PrintMetric("2", "1") + "sleep 300");
  std::filesystem::create_directories(CheckpointFolder(1));
  ASSERT_EQ(mkfifo((CheckpointFolder(1) + "/fifo").c_str(), 0600), 0);
  StartAgent();
  const pid_t pid = AwaitPid(1, "self");
  ASSERT_TRUE(AwaitRows(key, 1));
  service().Change([&](ServerState& state) { state.report_error = grpc::StatusCode::ABORTED; });
  std::ofstream(CheckpointFolder(1) + "/fifo") << "go\n";
  EXPECT_TRUE(AwaitDeath(pid));
}

TEST_F(AgentStopTest, TrialOverItsMaxRuntimeIsATimeout) {
  const std::string key = AddScript(1, "sleep 60", [](v1::TrialAssignment& assignment) {
    assignment.mutable_template_()->mutable_max_runtime()->set_nanos(200'000'000);
  });
  StartAgent();
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_EQ(Attempt(key).finishes[0].failure().kind(), v1::Failure::TIMEOUT);
  EXPECT_THAT(Attempt(key).finishes[0].failure().detail(), StartsWith("ran longer than max_runtime, 200ms"));
}

TEST_F(AgentStopTest, WorkerThatStopsHandsItsTrialsBackAndTakesLeave) {
  const std::string key =
      AddScript(1, "trap 'echo checkpoint; exit 0' TERM\n" + PrintMetric("1", "1") + "while :; do sleep 0.02; done");
  StartAgent();
  ASSERT_TRUE(AwaitRows(key, 1));
  const absl::Status status = StopAgent();
  EXPECT_TRUE(status.ok()) << status;
  const ServerAttempt attempt = Attempt(key);
  ASSERT_THAT(attempt.finishes, SizeIs(1));
  EXPECT_EQ(attempt.finishes[0].failure().kind(), v1::Failure::LOST);
  EXPECT_EQ(attempt.finishes[0].failure().detail(), "worker stopped");
  EXPECT_THAT(attempt.log, HasSubstr("checkpoint\n"));
  EXPECT_TRUE(service().Get().has_left);
}

TEST_F(AgentStopTest, IdleWorkerStopsAtOnce) {
  StartAgent();
  ASSERT_TRUE(service().Await([](const ServerState& state) { return !state.syncs.empty(); }));
  const absl::Time start = absl::Now();
  EXPECT_TRUE(StopAgent().ok());
  EXPECT_LT(absl::Now() - start, kLongPoll / 2);
  EXPECT_TRUE(service().Get().has_left);
}

TEST_F(AgentStopTest, WorkerThatStopsWhileTheServerIsAwayGivesUpInTime) {
  const std::string key = AddScript(1, WritePid("self") + "sleep 60");
  StartAgent();
  const pid_t pid = AwaitPid(1, "self");
  server_.Stop();
  const absl::Time start = absl::Now();
  EXPECT_TRUE(StopAgent().ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(8));
  EXPECT_FALSE(IsAlive(pid));
}

TEST_F(AgentStopTest, GrantOnItsWayToAWorkerThatStopsIsHandedBack) {
  StartAgent();
  ASSERT_TRUE(service().Await([](const ServerState& state) { return !state.syncs.empty(); }));
  std::string key;
  service().Change([&](ServerState& state) {
    ServerAttempt attempt;
    attempt.assignment.mutable_id()->set_trial("tuningJobs/job/trials/1");
    attempt.assignment.mutable_id()->set_attempt(1);
    key = AttemptKey(attempt.assignment.id());
    attempt.is_granted = true;
    state.attempts[key] = attempt;
    agent_->RequestStop();  // breaks the waiting call off before its reply
  });
  EXPECT_TRUE(JoinAgent().ok());
  ASSERT_THAT(Attempt(key).finishes, SizeIs(1));
  EXPECT_EQ(Attempt(key).finishes[0].failure().kind(), v1::Failure::LOST);
}

}  // namespace
}  // namespace pegbox::worker
