#include "client/cli/child_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/cli/text.h"

extern char** environ;

namespace pegbox::cli {
namespace {

constexpr size_t kTailLines = 10;
constexpr std::streamoff kTailBytes = 16 << 10;

std::vector<std::string> MergedEnvironment(std::map<std::string, std::string> changes) {
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

// What the child needs, ready before fork: after it only async-signal-safe calls are allowed.
struct Launch {
  std::vector<char*> argv;
  std::vector<char*> envp;
  int log_fd;
  int error_fd;  // close-on-exec; gets errno when exec fails
  pid_t parent;
};

[[noreturn]] void RunChild(const Launch& launch) {
  const auto fail = [&] {
    const int error = errno;
    (void)!write(launch.error_fd, &error, sizeof(error));
    _exit(127);
  };
  setpgid(0, 0);
  if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) fail();
  if (getppid() != launch.parent) _exit(127);  // it ended before prctl
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null_fd = open("/dev/null", O_RDONLY);
  if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0) fail();
  if (dup2(launch.log_fd, STDOUT_FILENO) < 0 || dup2(launch.log_fd, STDERR_FILENO) < 0) fail();
  execve(launch.argv[0], launch.argv.data(), launch.envp.data());
  fail();
  _exit(127);
}

absl::Status StartError(const std::string& program, int error) {
  return absl::InternalError(absl::StrCat(program, ": cannot be started: ", std::strerror(error)));
}

// The errno that the child's exec failed with; 0 when it did not.
int ReadExecError(int fd) {
  int error = 0;
  ssize_t count;
  do {
    count = read(fd, &error, sizeof(error));
  } while (count < 0 && errno == EINTR);
  return count == sizeof(error) ? error : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(Options options) {
  const std::string program = options.command.at(0);
  const int log_fd = open(options.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_fd < 0) {
    return absl::InternalError(absl::StrCat(options.log_path, ": cannot be written: ", std::strerror(errno)));
  }
  const off_t log_start = lseek(log_fd, 0, SEEK_END);
  int error_pipe[2];
  if (pipe2(error_pipe, O_CLOEXEC) != 0) {
    const int error = errno;
    close(log_fd);
    return StartError(program, error);
  }
  std::vector<std::string> arguments = options.command;
  std::vector<std::string> environment = MergedEnvironment(options.environment);
  const Launch launch{Pointers(arguments), Pointers(environment), log_fd, error_pipe[1], getpid()};
  const pid_t pid = fork();
  if (pid == 0) RunChild(launch);
  const int fork_error = errno;
  close(log_fd);
  close(error_pipe[1]);
  const int exec_error = pid < 0 ? fork_error : ReadExecError(error_pipe[0]);
  close(error_pipe[0]);
  if (exec_error != 0) {
    if (pid > 0) waitpid(pid, nullptr, 0);
    return StartError(program, exec_error);
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(std::move(options), pid, log_start));
}

ChildProcess::ChildProcess(Options options, pid_t pid, off_t log_start)
    : options_(std::move(options)), pid_(pid), log_start_(log_start), reaper_([this] { Reap(); }) {}

ChildProcess::~ChildProcess() {
  Signal(SIGKILL);
  reaper_.join();
}

void ChildProcess::Reap() {
  // First only look, so that the pid stays the child's until has_ended_ says otherwise.
  siginfo_t info;
  while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  {
    absl::MutexLock lock(&mu_);
    waitpid(pid_, &wait_status_, 0);
    has_ended_ = true;
  }
  if (options_.on_exit) options_.on_exit();
}

void ChildProcess::Signal(int signal) {
  absl::MutexLock lock(&mu_);
  if (!has_ended_) kill(pid_, signal);
}

void ChildProcess::Stop(absl::Duration grace) {
  Signal(SIGTERM);
  if (WaitFor(grace)) return;
  Signal(SIGKILL);
  WaitFor(absl::InfiniteDuration());
}

bool ChildProcess::WaitFor(absl::Duration timeout) const {
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithTimeout(absl::Condition(&has_ended_), timeout);
}

std::string ChildProcess::DescribeEnd() const {
  const std::string program = std::filesystem::path(options_.command[0]).filename().string();
  std::string how = " still runs";
  {
    absl::MutexLock lock(&mu_);
    if (has_ended_ && WIFEXITED(wait_status_)) how = absl::StrCat(" ended with exit code ", WEXITSTATUS(wait_status_));
    if (has_ended_ && WIFSIGNALED(wait_status_)) how = absl::StrCat(" was ended by signal ", WTERMSIG(wait_status_));
  }
  std::ifstream log(options_.log_path, std::ios::binary);
  log.seekg(0, std::ios::end);
  log.seekg(std::max<std::streamoff>(log_start_, static_cast<std::streamoff>(log.tellg()) - kTailBytes));
  std::ostringstream text;
  text << log.rdbuf();
  const std::string tail = text.str();
  std::vector<std::string> lines = absl::StrSplit(absl::StripSuffix(tail, "\n"), '\n');
  if (lines.size() > kTailLines) lines.erase(lines.begin(), lines.end() - kTailLines);
  for (std::string& line : lines) line = Printable(line);
  return absl::StrCat(program, how, "; the end of ", options_.log_path, ":\n  ", absl::StrJoin(lines, "\n  "));
}

}  // namespace pegbox::cli
