// A trial must not outlive its worker, nor its lease when the worker hangs.
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>

#include "tests/worker/process/process_fixture.h"

namespace pegbox::worker {
namespace {

class AgentDeathTest : public ProcessTest {
 protected:
  // Starts the test worker with the probe as its trial; fills the ids of all three.
  void StartAgent(int deadline_milliseconds) {
    int fds[2];
    ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
    std::vector<std::string> arguments = {AGENT_PATH, folder_,      GUARD_PATH, std::to_string(deadline_milliseconds),
                                          PROBE_PATH, "detach-bare"};
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    ASSERT_EQ(posix_spawn(&agent_, AGENT_PATH, &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);
    FILE* output = fdopen(fds[0], "r");
    char line[256];
    while ((trial_ == 0 || daemon_ == 0) && fgets(line, sizeof line, output) != nullptr) {
      sscanf(line, "trial %d", &trial_);
      sscanf(line, "held %d", &daemon_);
    }
    fclose(output);
    ASSERT_NE(trial_, 0);
    ASSERT_NE(daemon_, 0);
  }

  ~AgentDeathTest() override {
    if (agent_ == 0) return;
    kill(agent_, SIGKILL);
    waitpid(agent_, nullptr, 0);
  }

  pid_t agent_ = 0;
  pid_t trial_ = 0;
  pid_t daemon_ = 0;
};

TEST_F(AgentDeathTest, KilledWorkerTakesTheTrialAndItsDaemonsWithIt) {
  StartAgent(-1);
  ASSERT_EQ(kill(trial_, 0), 0);
  ASSERT_EQ(kill(daemon_, 0), 0);
  ASSERT_EQ(kill(agent_, SIGKILL), 0);
  EXPECT_TRUE(AwaitDeath(trial_));
  EXPECT_TRUE(AwaitDeath(daemon_));
}

TEST_F(AgentDeathTest, DeadlineHoldsWhileTheWorkerIsStopped) {
  StartAgent(500);
  ASSERT_EQ(kill(agent_, SIGSTOP), 0);
  EXPECT_TRUE(AwaitDeath(trial_));
  EXPECT_TRUE(AwaitDeath(daemon_));
}

}  // namespace
}  // namespace pegbox::worker
