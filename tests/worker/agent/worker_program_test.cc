// pegbox-worker as a program: one a folder, signals, and what a killed one leaves behind.
#include <spawn.h>
#include <sys/wait.h>

#include "tests/worker/agent/agent_fixture.h"

namespace pegbox::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class WorkerProgramTest : public AgentTest {
 protected:
  ~WorkerProgramTest() override {
    if (pid_ != 0) Kill(SIGKILL);
  }

  void StartWorker() { StartWorker({"--server", server_.address(), "--data", data(), "--id", "w"}); }
  void StartWorker(const std::vector<std::string>& flags) {
    std::vector<std::string> argv = {WORKER_PATH};
    argv.insert(argv.end(), flags.begin(), flags.end());
    std::vector<char*> pointers;
    for (std::string& argument : argv) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, Output().c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ASSERT_EQ(posix_spawn(&pid_, WORKER_PATH, &actions, nullptr, pointers.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  // The wait status.
  int Kill(int signal) {
    kill(pid_, signal);
    return Join();
  }
  int Join() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = 0;
    return status;
  }
  std::string Output() const { return folder_.path() + "/worker.log"; }

  pid_t pid_ = 0;
};

TEST_F(WorkerProgramTest, SecondWorkerInOneFolderIsRefused) {
  StartAgent();
  const auto second = Agent::Create(Options());
  EXPECT_TRUE(absl::IsFailedPrecondition(second.status())) << second.status();
  StartWorker();
  const int status = Join();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  EXPECT_THAT(ReadFile(Output()), HasSubstr("another pegbox-worker uses"));
}

TEST_F(WorkerProgramTest, SigtermStopsWithGraceAndExitCodeZero) {
  const std::string key =
      AddScript(1, "trap 'echo checkpoint; exit 0' TERM\n" + PrintMetric("1", "1") + "while :; do sleep 0.02; done");
  StartWorker();
  ASSERT_TRUE(AwaitRows(key, 1));
  const int status = Kill(SIGTERM);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << ReadFile(Output());
  ASSERT_THAT(Attempt(key).finishes, SizeIs(1));
  EXPECT_EQ(Attempt(key).finishes[0].failure().kind(), v1::Failure::LOST);
  EXPECT_THAT(Attempt(key).log, HasSubstr("checkpoint"));
  EXPECT_TRUE(service().Get().has_left);
}

TEST_F(WorkerProgramTest, SecondSignalEndsEverythingAtOnce) {
  const std::string key = AddScript(
      1, "trap 'echo > $PEGBOX_CHECKPOINT_DIR/asked' TERM\n" + WritePid("self") + "while :; do sleep 0.02; done");
  StartWorker();
  const pid_t trial = AwaitPid(1, "self");
  kill(pid_, SIGINT);
  while (!std::filesystem::exists(CheckpointFolder(1) + "/asked")) absl::SleepFor(absl::Milliseconds(5));
  const int status = Kill(SIGTERM);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM);
  EXPECT_TRUE(AwaitDeath(trial));
}

TEST_F(WorkerProgramTest, NextIncarnationProvesThatAKilledOneHasEnded) {
  const std::string key =
      AddScript(1, "setsid sleep 300 &\n" + WritePid("child", "$!") + WritePid("self") + "sleep 300");
  StartWorker();
  const pid_t self = AwaitPid(1, "self");
  const pid_t child = AwaitPid(1, "child");
  Kill(SIGKILL);
  const std::string killed = service().Get().registrations.at(0).incarnation();
  StartAgent();
  ASSERT_TRUE(service().Await([](const ServerState& state) { return state.registrations.size() == 2; }));
  EXPECT_FALSE(IsAlive(self));
  EXPECT_FALSE(IsAlive(child));
  const v1::RegisterWorkerRequest registration = service().Get().registrations[1];
  EXPECT_THAT(registration.ended_incarnations(), ElementsAre(killed));
  EXPECT_NE(registration.incarnation(), killed);
}

TEST_F(WorkerProgramTest, IncarnationThatTheServerKnowsToHaveEndedIsNotSentAgain) {
  for (int i = 0; i < 3; ++i) {
    StartAgent();
    ASSERT_TRUE(service().Await([i](const ServerState& state) {
      const bool is_registered = state.registrations.size() == static_cast<size_t>(i) + 1;
      return is_registered && !state.syncs.empty() && state.syncs.back().incarnation() == state.current_incarnation;
    }));
    EXPECT_TRUE(StopAgent().ok());
    agent_.reset();
  }
  const std::vector<v1::RegisterWorkerRequest> registrations = service().Get().registrations;
  ASSERT_THAT(registrations, SizeIs(3));
  EXPECT_THAT(registrations[0].ended_incarnations(), IsEmpty());
  EXPECT_THAT(registrations[1].ended_incarnations(), ElementsAre(registrations[0].incarnation()));
  EXPECT_THAT(registrations[2].ended_incarnations(), ElementsAre(registrations[1].incarnation()));
}

TEST_F(WorkerProgramTest, WorkerStartedBeforeItsServerRegistersWhenItComes) {
  server_.Stop();
  StartAgent();
  const std::string key = AddScript(1, "true");
  server_.Start();
  EXPECT_TRUE(AwaitFinish(key));
}

TEST_F(WorkerProgramTest, WorkerThatNeverReachedItsServerStopsAtOnce) {
  server_.Stop();
  StartAgent();
  const absl::Time start = absl::Now();
  EXPECT_TRUE(StopAgent().ok());
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST_F(WorkerProgramTest, BadFlagsAreRefusedWithTheirRule) {
  for (const auto& [flags, message] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"--id", "Bad_Id", "--data", data()}, "--id: must be 1 to 63 lower-case letters"},
           {{"--log-level", "loud", "--data", data()}, "log level: must be one of"},
           {{"--data", "/proc/no-such-folder"}, "cannot make the folder"},
           {{"--slots", "0", "--data", data()}, "--slots: Value 0 not in range 1 to 1024"},
           {{"--server", "nowhere", "--data", data()}, "--server: must be HOST:PORT"}}) {
    StartWorker(flags);
    const int status = Join();
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    EXPECT_THAT(ReadFile(Output()), HasSubstr(message));
  }
}

}  // namespace
}  // namespace pegbox::worker
