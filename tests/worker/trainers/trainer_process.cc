#include "tests/worker/trainers/trainer_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>

namespace pegbox::trainer {
namespace {

std::string ProgramPath() {
  const char* bin = std::getenv("PEGBOX_BIN_DIR");
  return std::string(bin == nullptr ? "." : bin) + "/pegbox-trainer";
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

TrainerProcess::TrainerProcess(const ScratchDirectory& scratch, const std::vector<std::string>& arguments,
                               const std::map<std::string, std::string>& variables)
    : output_path_(scratch.File("stdout")), errors_path_(scratch.File("stderr")) {
  std::vector<std::string> argv = {ProgramPath()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment;
  for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output_path_.c_str(), kFlags, 0644);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors_path_.c_str(), kFlags, 0644);
  EXPECT_EQ(posix_spawn(&pid_, argv[0].c_str(), &actions, nullptr, Pointers(argv).data(), Pointers(environment).data()),
            0)
      << argv[0];
  posix_spawn_file_actions_destroy(&actions);
}

TrainerProcess::~TrainerProcess() {
  if (pid_ <= 0) return;
  Signal(SIGKILL);
  Wait();
}

void TrainerProcess::Signal(int number) {
  if (pid_ > 0) kill(pid_, number);
}

int TrainerProcess::Wait() {
  int status = 0;
  if (pid_ <= 0 || waitpid(pid_, &status, 0) != pid_) return -1000;
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace pegbox::trainer
