#include "worker/process/process_token.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>

#include "tests/worker/process/process_fixture.h"

namespace pegbox::worker {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Not;

// Starts the probe with the token and nothing of ours above it, as an earlier worker's leftover.
pid_t StartLeftover(const std::string& token, pid_t& daemon) {
  int fds[2];
  EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
  std::string program = PROBE_PATH, argument = "detach", variable = absl::StrCat(kProcessTokenVariable, "=", token);
  std::string before = "A=1";
  char* argv[] = {program.data(), argument.data(), nullptr};
  char* variables[] = {before.data(), variable.data(), nullptr};
  pid_t pid = 0;
  EXPECT_EQ(posix_spawn(&pid, PROBE_PATH, &actions, nullptr, argv, variables), 0);
  posix_spawn_file_actions_destroy(&actions);
  close(fds[1]);
  FILE* output = fdopen(fds[0], "r");
  EXPECT_EQ(fscanf(output, "held %d", &daemon), 1);
  fclose(output);
  return pid;
}

TEST(ProcessTokenTest, TokensDifferAndHaveTheirForm) {
  EXPECT_NE(NewProcessToken(), NewProcessToken());
  EXPECT_TRUE(ValidateProcessToken(NewProcessToken()).ok());
  for (const char* bad : {"", "abc", "0123456789abcdef0123456789abcdeg", "0123456789abcdef0123456789abcdef0"}) {
    EXPECT_EQ(FindProcesses(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(KillProcesses(bad, kPatience).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(ProcessTokenTest, LeftoversAreFoundAndKilledAndTheirEndIsProved) {
  const std::string token = NewProcessToken();
  const std::string other_token = NewProcessToken();
  pid_t daemon = 0;
  pid_t other_daemon = 0;
  const pid_t leftover = StartLeftover(token, daemon);
  const pid_t other = StartLeftover(other_token, other_daemon);

  const auto found = FindProcesses(token);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(*found, Contains(leftover));
  EXPECT_THAT(*found, Contains(daemon));
  EXPECT_THAT(*found, Not(Contains(other)));

  const auto killed = KillProcesses(token, kPatience);
  ASSERT_TRUE(killed.ok()) << killed.status();
  EXPECT_EQ(*killed, 2);
  EXPECT_EQ(waitpid(leftover, nullptr, 0), leftover);
  EXPECT_TRUE(AwaitDeath(daemon));
  EXPECT_EQ(*KillProcesses(token, kPatience), 0);
  EXPECT_EQ(kill(other, 0), 0);
  EXPECT_EQ(kill(other_daemon, 0), 0);

  EXPECT_EQ(*KillProcesses(other_token, kPatience), 2);
  EXPECT_EQ(waitpid(other, nullptr, 0), other);
  EXPECT_THAT(*FindProcesses(other_token), IsEmpty());
}

TEST(ProcessTokenTest, AProcessIsFoundWhileItIsStillInExec) {
  cpu_set_t all_processors, one_processor;  // on one, we often run while the new process is held up in its exec
  ASSERT_EQ(sched_getaffinity(0, sizeof(all_processors), &all_processors), 0);
  CPU_ZERO(&one_processor);
  CPU_SET(sched_getcpu(), &one_processor);
  ASSERT_EQ(sched_setaffinity(0, sizeof(one_processor), &one_processor), 0);
  for (int i = 0; i < 100; ++i) {
    const std::string token = NewProcessToken();
    std::string program = "sleep", seconds = "300", variable = absl::StrCat(kProcessTokenVariable, "=", token);
    char* argv[] = {program.data(), seconds.data(), nullptr};
    char* variables[] = {variable.data(), nullptr};
    pid_t pid = 0;
    ASSERT_EQ(posix_spawnp(&pid, program.c_str(), nullptr, nullptr, argv, variables), 0);
    EXPECT_THAT(*FindProcesses(token), Contains(pid)) << "try " << i;
    kill(pid, SIGKILL);
    ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
  }
  sched_setaffinity(0, sizeof(all_processors), &all_processors);
}

}  // namespace
}  // namespace pegbox::worker
