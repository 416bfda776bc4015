#include <sys/stat.h>

#include <algorithm>

#include "tests/worker/agent/agent_fixture.h"

namespace pegbox::worker {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Key = std::pair<std::string, int64_t>;

class AgentRunTest : public AgentTest {};

TEST_F(AgentRunTest, WorkerRegistersWithItsSlots) {
  StartAgent(2);
  ASSERT_TRUE(service().Await([](const ServerState& state) { return !state.syncs.empty(); }));
  const ServerState state = service().Get();
  ASSERT_THAT(state.registrations, SizeIs(1));
  const v1::RegisterWorkerRequest& registration = state.registrations[0];
  EXPECT_EQ(registration.worker(), "workers/w");
  EXPECT_EQ(registration.host_name(), "host");
  EXPECT_EQ(registration.version(), "1");
  EXPECT_THAT(registration.device_names(), ElementsAre("cpu:0", "cpu:1"));
  EXPECT_THAT(registration.incarnation(), ::testing::MatchesRegex("[a-z0-9-]{16,64}"));
  EXPECT_EQ(registration.ended_incarnations_size(), 0);
  EXPECT_EQ(state.syncs[0].free_slots(), 2);
}

TEST_F(AgentRunTest, TrialRunsToItsEndWithAllRowsAndItsLog) {
  const std::string key =
      AddScript(1, "echo hello\n" + PrintMetric("1", "0.5") + PrintMetric("2", "0.25") + "printf last");
  StartAgent();
  ASSERT_TRUE(AwaitFinish(key));
  const ServerAttempt attempt = Attempt(key);
  EXPECT_THAT(attempt.rows, ElementsAre(Pair(Key("loss", 1), 0.5), Pair(Key("loss", 2), 0.25)));
  EXPECT_EQ(attempt.log,
            "hello\nPEGBOX_METRICS {\"step\": 1, \"metrics\": {\"loss\": 0.5}}\n"
            "PEGBOX_METRICS {\"step\": 2, \"metrics\": {\"loss\": 0.25}}\nlast");
  ASSERT_THAT(attempt.finishes, SizeIs(1));
  EXPECT_FALSE(attempt.finishes[0].has_failure());
  EXPECT_EQ(ReadFile(TrialFolder(1) + "/output.log"), attempt.log);
}

TEST_F(AgentRunTest, TrialGetsItsParametersAndPlaces) {
  const std::string key = AddScript(
      7,
      "echo $0 $PEGBOX_PARAMS $PEGBOX_PARAM_RATE $PEGBOX_TRIAL $PEGBOX_ATTEMPT $PEGBOX_SEED $MINE $OMP_NUM_THREADS\n"
      "pwd; echo $PEGBOX_CHECKPOINT_DIR; test -S $PEGBOX_SOCKET && echo socket; env | grep -c SECRET",
      [](v1::TrialAssignment& assignment) {
        assignment.mutable_template_()->add_command("rate={rate},{{}}");
        (*assignment.mutable_parameters())["rate"].set_double_value(0.125);
        (*assignment.mutable_template_()->mutable_environment())["MINE"] = "mine";
        assignment.set_seed(99);
      });
  setenv("MY_SECRET", "secret", 1);
  StartAgent();
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_EQ(Attempt(key).log, absl::StrCat("rate=0.125,{} {\"rate\":0.125} 0.125 tuningJobs/job/trials/7 1 99 mine 1\n",
                                           TrialFolder(7), "/work\n", CheckpointFolder(7), "\nsocket\n0\n"));
  struct stat found = {};
  ASSERT_EQ(stat((TrialFolder(7) + "/work").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0700u);
}

TEST_F(AgentRunTest, MetricDefinitionsFindMetricsInTheOutput) {
  const std::string key =
      AddScript(1, "echo epoch 3 loss=0.75; echo epoch 4 loss=0.5", [](v1::TrialAssignment& assignment) {
        v1::MetricDefinition& loss = *assignment.mutable_template_()->add_metric_definitions();
        loss.set_name("loss");
        loss.set_regex("loss=([0-9.]+)");
        v1::MetricDefinition& step = *assignment.mutable_template_()->add_metric_definitions();
        step.set_name("pegbox:step");
        step.set_regex("epoch ([0-9]+)");
      });
  StartAgent();
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_THAT(Attempt(key).rows, ElementsAre(Pair(Key("loss", 3), 0.75), Pair(Key("loss", 4), 0.5)));
}

TEST_F(AgentRunTest, ReportsOnTheSocketReachTheServerWithTheirCheckpoints) {
  const std::string key = Add(1, {PROBE_PATH, "report", "5", "0"});
  StartAgent();
  ASSERT_TRUE(AwaitFinish(key));
  const ServerAttempt attempt = Attempt(key);
  EXPECT_THAT(attempt.rows, SizeIs(5));
  EXPECT_THAT(attempt.checkpoint_steps, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(attempt.checkpoint_path, CheckpointFolder(1));
  EXPECT_EQ(attempt.log, "all steps done\n");
}

TEST_F(AgentRunTest, ReportsOfAProgramThatEndsAtOnceAreKept) {
  const std::string key = Add(1, {PROBE_PATH, "burst", "500"});
  StartAgent();
  ASSERT_TRUE(AwaitFinish(key));
  EXPECT_THAT(Attempt(key).rows, SizeIs(500));
}

TEST_F(AgentRunTest, FailedTrialIsExplainedWithItsLastLine) {
  const std::string key = AddScript(1, "echo first; echo 'no such file: x' >&2; exit 3");
  StartAgent();
  ASSERT_TRUE(AwaitFinish(key));
  const v1::Failure failure = Attempt(key).finishes[0].failure();
  EXPECT_EQ(failure.kind(), v1::Failure::EXIT_CODE);
  EXPECT_EQ(failure.exit_code(), 3);
  EXPECT_EQ(failure.detail(), "exit code 3; last line of its log: no such file: x");
}

TEST_F(AgentRunTest, ProgramThatDoesNotExistIsASpawnFailure) {
  const std::string key = Add(1, {"no-such-program"});
  StartAgent();
  ASSERT_TRUE(AwaitFinish(key));
  const v1::Failure failure = Attempt(key).finishes[0].failure();
  EXPECT_EQ(failure.kind(), v1::Failure::SPAWN);
  EXPECT_THAT(failure.detail(), AllOf(HasSubstr("no-such-program"), HasSubstr("No such file or directory")));
}

TEST_F(AgentRunTest, TrialThatCannotBePreparedIsASpawnFailureAndTheSlotGoesOn) {
  const std::string unknown = Add(1, {"/bin/echo", "{nothing}"});
  const std::string bad_regex = AddScript(2, "true", [](v1::TrialAssignment& assignment) {
    v1::MetricDefinition& definition = *assignment.mutable_template_()->add_metric_definitions();
    definition.set_name("loss");
    definition.set_regex("loss=(");
  });
  const std::string no_folder = AddScript(3, "true", [](v1::TrialAssignment& assignment) {
    assignment.mutable_template_()->set_working_directory("/no/such/folder");
  });
  const std::string no_value = AddScript(4, "true", [](v1::TrialAssignment& assignment) {
    (*assignment.mutable_parameters())["from_the_future"].clear_kind();
  });
  const std::string good = AddScript(5, "true");
  StartAgent();
  ASSERT_TRUE(AwaitFinish(good));
  const auto failure_of = [this](const std::string& key) { return Attempt(key).finishes.at(0).failure(); };
  for (const std::string& key : {unknown, bad_regex, no_folder, no_value}) {
    EXPECT_EQ(failure_of(key).kind(), v1::Failure::SPAWN) << key;
  }
  EXPECT_THAT(failure_of(unknown).detail(), StartsWith("command[1]: placeholder {nothing}"));
  EXPECT_THAT(failure_of(bad_regex).detail(), StartsWith("metric_definitions[0].regex"));
  EXPECT_THAT(failure_of(no_folder).detail(), StartsWith("working_directory: cannot enter /no/such/folder"));
  EXPECT_THAT(failure_of(no_value).detail(), StartsWith("parameters[from_the_future]"));
  EXPECT_FALSE(Attempt(good).finishes[0].has_failure());
}

TEST_F(AgentRunTest, GrantWhoseReplyWasLostIsRunOnce) {
  service().Change([](ServerState& state) { state.grant_replies_to_lose = 2; });
  const std::string key = AddScript(1, "echo run >> $PEGBOX_CHECKPOINT_DIR/runs");
  StartAgent();
  ASSERT_TRUE(AwaitFinish(key));
  ASSERT_TRUE(StopAgent().ok());
  EXPECT_EQ(ReadFile(CheckpointFolder(1) + "/runs"), "run\n");
  EXPECT_THAT(Attempt(key).finishes, SizeIs(1));
}

// A missed wake-up would cost the 10 s of a long poll each time.
TEST_F(AgentRunTest, NextTrialStartsAsSoonAsASlotIsFree) {
  std::string last;
  for (int i = 1; i <= 5; ++i) last = AddScript(i, "true");
  const absl::Time start = absl::Now();
  StartAgent();
  ASSERT_TRUE(AwaitFinish(last));
  EXPECT_LT(absl::Now() - start, absl::Seconds(8));
}

TEST_F(AgentRunTest, EachSlotRunsATrialAtTheSameTime) {
  const std::string wait_for_both =
      "touch $PEGBOX_CHECKPOINT_DIR/../../here.$PEGBOX_SEED\n"
      "while [ ! -e $PEGBOX_CHECKPOINT_DIR/../../here.1 -o ! -e $PEGBOX_CHECKPOINT_DIR/../../here.2 ]; do sleep 0.02; "
      "done";
  const std::string first =
      AddScript(1, wait_for_both, [](v1::TrialAssignment& assignment) { assignment.set_seed(1); });
  const std::string second =
      AddScript(2, wait_for_both, [](v1::TrialAssignment& assignment) { assignment.set_seed(2); });
  StartAgent(2);
  EXPECT_TRUE(AwaitFinish(first));
  EXPECT_TRUE(AwaitFinish(second));
}

TEST_F(AgentRunTest, ManyShortTrialsOnManySlotsAreEachRunOnce) {
  constexpr int kTrials = 60;
  for (int i = 1; i <= kTrials; ++i) AddScript(i, "echo run");
  StartAgent(6);
  ASSERT_TRUE(service().Await([](const ServerState& state) {
    return std::all_of(state.attempts.begin(), state.attempts.end(),
                       [](const auto& entry) { return entry.second.is_finished(); });
  }));
  EXPECT_TRUE(StopAgent().ok());
  for (const auto& [key, attempt] : service().Get().attempts) {
    EXPECT_EQ(attempt.log, "run\n") << key;
    EXPECT_THAT(attempt.finishes, SizeIs(1)) << key;
  }
}

TEST_F(AgentRunTest, LaterAttemptFindsTheCheckpointsOfTheEarlierOne) {
  const std::string first = AddScript(1, "echo saved > $PEGBOX_CHECKPOINT_DIR/model; echo x > scratch");
  StartAgent();
  ASSERT_TRUE(AwaitFinish(first));
  const std::string second =
      AddScript(1, "echo attempt $PEGBOX_ATTEMPT; cat $PEGBOX_CHECKPOINT_DIR/model; ls",
                [](v1::TrialAssignment& assignment) { assignment.mutable_id()->set_attempt(2); });
  ASSERT_TRUE(AwaitFinish(second));
  EXPECT_EQ(Attempt(second).log, "attempt 2\nsaved\n");
}

TEST_F(AgentRunTest, LogAndPrintedMetricsArriveWhileTheTrialRuns) {
  const std::string key = AddScript(
      1, "echo hello\n" + PrintMetric("1", "1") + "while [ ! -e $PEGBOX_CHECKPOINT_DIR/go ]; do sleep 0.02; done");
  StartAgent();
  EXPECT_TRUE(AwaitRows(key, 1));
  EXPECT_TRUE(service().Await(
      [&](const ServerState& state) { return absl::StartsWith(state.attempts.at(key).log, "hello\n"); }));
  EXPECT_FALSE(Attempt(key).is_finished());
  std::ofstream(CheckpointFolder(1) + "/go") << "";
  ASSERT_TRUE(AwaitFinish(key));
}

TEST_F(AgentRunTest, LargeLogArrivesWhole) {
  const std::string key = AddScript(1, "seq 1 100000");
  StartAgent();
  ASSERT_TRUE(AwaitFinish(key));
  const std::string log = Attempt(key).log;
  EXPECT_EQ(log.size(), 588895u);
  EXPECT_TRUE(log == ReadFile(TrialFolder(1) + "/output.log"));
}

}  // namespace
}  // namespace pegbox::worker
