#include <sys/stat.h>

#include "absl/strings/match.h"
#include "tests/worker/agent/agent_fixture.h"

namespace pegbox::worker {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// Prints metrics for steps 1 to 50, waits for a line in `fifo`, prints 51 to 200, says so, and waits again.
std::string TwoPartScript() {
  const std::string print = PrintMetric("$i", "0.$i");
  return absl::StrCat(WritePid("self"), "i=1; while [ $i -le 50 ]; do ", print, "i=$((i+1)); done\n",
                      "read line < $PEGBOX_CHECKPOINT_DIR/fifo\n", "while [ $i -le 200 ]; do ", print,
                      "i=$((i+1)); done\n", WritePid("printed"), "read line < $PEGBOX_CHECKPOINT_DIR/fifo\necho end\n");
}

class AgentOutageTest : public AgentTest {
 protected:
  AgentOutageTest() {
    std::filesystem::create_directories(CheckpointFolder(1));
    mkfifo(Fifo().c_str(), 0600);
  }
  std::string Fifo() const { return CheckpointFolder(1) + "/fifo"; }
  void Go() const { std::ofstream(Fifo()) << "go\n"; }

  // All rows once with their values, the whole log, one finish, no failure.
  void ExpectComplete(const std::string& key) {
    const ServerAttempt attempt = Attempt(key);
    ASSERT_THAT(attempt.rows, SizeIs(200));
    EXPECT_EQ(attempt.row_conflicts, 0);
    double expected = 0;
    for (const auto& [name_and_step, value] : attempt.rows) {
      ASSERT_TRUE(absl::SimpleAtod(absl::StrCat("0.", name_and_step.second), &expected));
      EXPECT_EQ(value, expected);
    }
    EXPECT_TRUE(attempt.log == ReadFile(TrialFolder(1) + "/output.log"));
    ASSERT_THAT(attempt.finishes, SizeIs(1));
    EXPECT_FALSE(attempt.finishes[0].has_failure());
  }

  void RunThroughAnOutage(Agent::Options options) {
    const std::string key = AddScript(1, TwoPartScript());
    StartAgent(std::move(options));
    ASSERT_TRUE(AwaitRows(key, 50));
    server_.Stop();
    Go();
    ASSERT_NE(AwaitPid(1, "printed"), 0);
    server_.Start();
    ASSERT_TRUE(AwaitRows(key, 200));
    Go();
    ASSERT_TRUE(AwaitFinish(key));
    ExpectComplete(key);
    EXPECT_TRUE(StopAgent().ok());
    EXPECT_FALSE(std::filesystem::exists(TrialFolder(1) + "/spool"));
  }
};

TEST_F(AgentOutageTest, ServerAwayInMidTrialLosesNoRow) { RunThroughAnOutage(Options()); }

TEST_F(AgentOutageTest, RowsBeyondMemoryGoThroughTheSpool) {
  Agent::Options options = Options();
  options.report_limits.memory_rows = 7;
  RunThroughAnOutage(std::move(options));
}

TEST_F(AgentOutageTest, TrialThatEndsWhileTheServerIsAwayIsDeliveredWhenItIsBack) {
  const std::string key = AddScript(1, TwoPartScript());
  StartAgent();
  ASSERT_TRUE(AwaitRows(key, 50));
  server_.Stop();
  Go();
  const pid_t pid = AwaitPid(1, "printed");
  Go();
  ASSERT_TRUE(AwaitDeath(pid));
  server_.Start();
  ASSERT_TRUE(AwaitFinish(key));
  ExpectComplete(key);
}

TEST_F(AgentOutageTest, ServerWithAFullDiskGetsTheRowsLater) {
  const std::string key = AddScript(1, TwoPartScript());
  StartAgent();
  ASSERT_TRUE(AwaitRows(key, 50));
  service().Change([](ServerState& state) { state.report_error = grpc::StatusCode::RESOURCE_EXHAUSTED; });
  Go();
  ASSERT_NE(AwaitPid(1, "printed"), 0);
  service().Change([](ServerState& state) { state.report_error = grpc::StatusCode::OK; });
  Go();
  ASSERT_TRUE(AwaitFinish(key));
  ExpectComplete(key);
}

// The reply must not wait for a server that is away.
TEST_F(AgentOutageTest, TrainingOnTheSocketGoesOnWhileTheServerIsAway) {
  const std::string key = Add(1, {"/bin/sh", "-c",
                                  absl::StrCat("read line < $PEGBOX_CHECKPOINT_DIR/fifo; ", PROBE_PATH,
                                               " report 200 0; ", WritePid("printed"))});
  StartAgent();
  ASSERT_TRUE(service().Await([&](const ServerState& state) { return state.attempts.at(key).is_granted; }));
  while (!std::filesystem::exists(TrialFolder(1) + "/output.log")) absl::SleepFor(absl::Milliseconds(2));
  server_.Stop();
  const absl::Time start = absl::Now();
  Go();
  ASSERT_NE(AwaitPid(1, "printed"), 0);
  EXPECT_LT(absl::Now() - start, absl::Seconds(8));
  server_.Start();
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_THAT(Attempt(key).rows, SizeIs(200));
}

TEST_F(AgentOutageTest, AttemptIsEndedBeforeItsLeaseWhenTheServerIsAway) {
  service().Change([](ServerState& state) { state.lease = absl::Milliseconds(1500); });
  const std::string key = AddScript(1, "trap '' TERM\n" + WritePid("self") + "while :; do sleep 0.02; done");
  StartAgent();
  const pid_t pid = AwaitPid(1, "self");
  const absl::Time last_contact_at_latest = absl::Now();
  server_.Stop();
  ASSERT_TRUE(AwaitDeath(pid));
  EXPECT_LT(absl::Now() - last_contact_at_latest, absl::Milliseconds(1500));
  server_.Start();
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_EQ(Attempt(key).finishes[0].failure().kind(), v1::Failure::LOST);
  EXPECT_THAT(Attempt(key).finishes[0].failure().detail(), StartsWith("ended by its worker"));
}

TEST_F(AgentOutageTest, AttemptWithContactOutlivesItsLease) {
  service().Change([](ServerState& state) { state.lease = absl::Milliseconds(600); });
  const std::string key = AddScript(1, "sleep 2");
  StartAgent();
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_FALSE(Attempt(key).finishes[0].has_failure());
}

TEST_F(AgentOutageTest, WorkerUnknownToTheServerRegistersAgainAndItsTrialGoesOn) {
  const std::string key = AddScript(1, TwoPartScript());
  StartAgent();
  ASSERT_TRUE(AwaitRows(key, 50));
  server_.Stop();
  service().Change([](ServerState& state) { state.known_incarnations.clear(); });
  server_.Start();
  Go();
  ASSERT_NE(AwaitPid(1, "printed"), 0);
  Go();
  ASSERT_TRUE(AwaitFinish(key));
  ExpectComplete(key);
  const ServerState state = service().Get();
  ASSERT_THAT(state.registrations, SizeIs(2));
  EXPECT_EQ(state.registrations[0].incarnation(), state.registrations[1].incarnation());
}

TEST_F(AgentOutageTest, WorkerWhoseIdIsTakenKillsItsTrialsAndEnds) {
  const std::string key = AddScript(1, WritePid("self") + "sleep 300");
  StartAgent();
  const pid_t pid = AwaitPid(1, "self");
  service().Change([](ServerState& state) { state.current_incarnation = "another"; });
  const absl::Status status = JoinAgent();
  EXPECT_TRUE(absl::IsAborted(status)) << status;
  EXPECT_FALSE(IsAlive(pid));
  EXPECT_THAT(Attempt(key).finishes, IsEmpty());
}

TEST_F(AgentOutageTest, RowThatTheServerNeverTakesIsDroppedAlone) {
  service().Change([](ServerState& state) { state.refuses_step_2 = true; });
  const std::string key =
      AddScript(1, PrintMetric("1", "1") + PrintMetric("2", "2") + PrintMetric("3", "3") + PrintMetric("4", "4"));
  StartAgent();
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_THAT(Attempt(key).rows, SizeIs(3));
  EXPECT_EQ(Attempt(key).log, ReadFile(TrialFolder(1) + "/output.log"));
}

TEST_F(AgentOutageTest, LogThatTheServerNeverTakesHoldsNothingUp) {
  service().Change([](ServerState& state) { state.refuses_log = true; });
  const std::string key = AddScript(1, PrintMetric("1", "1") + PrintMetric("2", "2"));
  StartAgent();
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_THAT(Attempt(key).rows, SizeIs(2));
  EXPECT_THAT(Attempt(key).log, IsEmpty());
}

}  // namespace
}  // namespace pegbox::worker
