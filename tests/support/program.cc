#include "tests/support/program.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "tests/support/wait.h"

extern char** environ;

namespace pegbox::test {
namespace {

std::vector<std::string> MergedEnvironment(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string name = std::string(*entry).substr(0, std::strcspn(*entry, "="));
    if (changes.count(name) == 0) merged.emplace_back(*entry);
  }
  for (const auto& [name, value] : changes) merged.push_back(absl::StrCat(name, "=", value));
  return merged;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

int OpenLog(const std::string& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) std::abort();
  return fd;
}

}  // namespace

std::string ReadFile(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::string LastLines(absl::string_view text, size_t count) {
  size_t begin = text.size();
  for (size_t i = 0; i <= count && begin != absl::string_view::npos && begin > 0; ++i) {
    begin = text.rfind('\n', begin - 1);
  }
  return std::string(begin == absl::string_view::npos ? text : text.substr(begin));
}

Program::Program(Options options) : options_(std::move(options)) {
  std::vector<std::string> arguments = options_.command;
  std::vector<std::string> environment = MergedEnvironment(options_.environment);
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);
  const int output = OpenLog(options_.output_path);
  const int error = options_.error_path.empty() ? dup(output) : OpenLog(options_.error_path);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) {
    // Only async-signal-safe calls from here on: the test has threads.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    const int null_fd = open("/dev/null", O_RDONLY);
    dup2(null_fd, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(error, STDERR_FILENO);
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  if (pid_ < 0) std::abort();
  close(output);
  close(error);
}

Program::~Program() { Kill(); }

void Program::Signal(int signal) {
  if (is_running()) kill(pid_, signal);
}

std::optional<Program::End> Program::WaitFor(absl::Duration timeout) {
  WaitUntil(timeout, [this] {
    if (end_.has_value()) return true;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    end_ = WIFEXITED(status) ? End{.exit_code = WEXITSTATUS(status)} : End{.signal = WTERMSIG(status)};
    return true;
  });
  return end_;
}

void Program::Kill() {
  Signal(SIGKILL);
  WaitFor(absl::InfiniteDuration());
}

}  // namespace pegbox::test
