// pegbox-trial-guard WORKING_DIRECTORY PROGRAM [ARGUMENT...]
// Stands between the worker and one trial: starts it, and ends all of it. Every process that the trial starts, however
// it detaches itself, becomes the guard's child at last (it is their subreaper), so "no child left" is the kernel's
// proof that nothing of the trial is left. It kills all of it when the trial's first process ends, when the worker says
// so or goes away (its end of the control socket closes, even on kill -9), and when the deadline passes, even if the
// worker hangs. Single-threaded; output, environment and signal state of the trial are those that the guard was started
// with.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "worker/process/guard_protocol.h"

namespace pegbox::worker::guard {
namespace {

constexpr int64_t kNever = INT64_MAX;
constexpr int64_t kKillRoundMilliseconds = 20;
constexpr int64_t kLongestPollMilliseconds = 1000;

// Time in which the machine sleeps counts: a lease ends meanwhile.
int64_t NowMilliseconds() {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * int64_t{1000} + now.tv_nsec / 1000000;
}

int64_t After(int64_t milliseconds) {
  const int64_t now = NowMilliseconds();
  return milliseconds < 0 || milliseconds > kNever - now ? kNever : now + milliseconds;
}

void Send(const Message& message) { send(kControlFd, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT); }

struct SpawnError {
  Stage stage = Stage::kNone;
  int error = 0;
};

[[noreturn]] void Fail(int report_fd, Stage stage) {
  const SpawnError failure = {stage, errno};
  [[maybe_unused]] const ssize_t written = write(report_fd, &failure, sizeof failure);
  _exit(127);
}

// posix_spawn leaves the two signals that glibc keeps for itself ignored, and glibc's sigaction does not touch them.
void ResetInternalSignals() {
  const uint64_t default_action[4] = {};  // the kernel's struct sigaction: SIG_DFL, no flags, no mask
  for (const int signal : {32, 33}) syscall(SYS_rt_sigaction, signal, default_action, nullptr, sizeof(uint64_t));
}

[[noreturn]] void BecomeTrial(char** argv, pid_t guard_pid, int report_fd) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ResetInternalSignals();
  if (setsid() < 0) Fail(report_fd, Stage::kPrepare);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) Fail(report_fd, Stage::kPrepare);
  if (getppid() != guard_pid) _exit(127);  // the guard died before the line above took effect
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) Fail(report_fd, Stage::kPrepare);
  const rlimit no_core = {0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (chdir(argv[0]) != 0) Fail(report_fd, Stage::kWorkingDirectory);
  // execvp would hand a file without #! to a shell.
  if (strchr(argv[1], '/') != nullptr)
    execv(argv[1], argv + 1);
  else
    execvp(argv[1], argv + 1);
  Fail(report_fd, Stage::kExec);
}

// Returns the trial's process id, or -1 with `failure` filled. Descriptors other than 0, 1, 2 are all close-on-exec
// here.
pid_t StartTrial(char** argv, SpawnError& failure) {
  int report[2];
  failure = {Stage::kPrepare, 0};
  if (pipe2(report, O_CLOEXEC) != 0) {
    failure.error = errno;
    return -1;
  }
  const pid_t guard_pid = getpid();
  const pid_t pid = fork();
  if (pid == 0) BecomeTrial(argv, guard_pid, report[1]);
  failure.error = errno;
  close(report[1]);
  ssize_t size = 0;
  if (pid > 0) {
    while ((size = read(report[0], &failure, sizeof failure)) < 0 && errno == EINTR) {
    }
  }
  close(report[0]);
  if (pid > 0 && size == 0) return pid;  // closed by the exec
  if (pid > 0) waitpid(pid, nullptr, 0);
  return -1;
}

struct ProcessEntry {
  pid_t pid = 0;
  char state = 0;
  pid_t parent = 0;
  pid_t group = 0;
};

// Calls visit(entry) for each process of the machine; does nothing where /proc is missing.
template <typename Visit>
void ForEachProcess(Visit visit) {
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return;
  while (const dirent* directory = readdir(proc)) {
    ProcessEntry entry;
    entry.pid = atoi(directory->d_name);
    if (entry.pid <= 0) continue;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/stat", entry.pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    char text[512];
    const ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0) continue;
    text[size] = '\0';
    const char* after_name = strrchr(text, ')');  // the name itself may hold any character
    if (after_name == nullptr) continue;
    if (sscanf(after_name + 1, " %c %d %d", &entry.state, &entry.parent, &entry.group) == 3) visit(entry);
  }
  closedir(proc);
}

class Guard {
 public:
  Guard(pid_t trial, int signal_fd) : trial_(trial), signal_fd_(signal_fd) {}

  // Returns when no process of the trial is left.
  void Run() {
    while (true) {
      const bool is_empty = !Reap();
      if (is_empty) return;
      const int64_t now = NowMilliseconds();
      if (now >= grace_end_) Kill(Cause::kKilled);
      if (now >= deadline_) Kill(Cause::kDeadline);
      // After SIGTERM the rest of the group has its grace: it may be writing the checkpoint.
      if (is_exited_ && (!is_terminating_ || !IsGroupAlive())) is_killing_ = true;
      if (is_killing_) KillRound();
      Await(now);
    }
  }

 private:
  // Takes the status of all children that ended; false if there is no child any more.
  bool Reap() {
    siginfo_t ended = {};
    if (!is_exited_ && waitid(P_PID, trial_, &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid == trial_) {
      // As long as it is not reaped, its number is surely its group's.
      if (!is_terminating_ || is_killing_) kill(-trial_, SIGKILL);
    }
    while (true) {
      int status = 0;
      const pid_t pid = waitpid(-1, &status, WNOHANG);
      if (pid == 0) return true;
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) return false;
      if (pid != trial_ || is_exited_) continue;
      is_exited_ = true;
      Send({.kind = Kind::kExited, .value = status, .cause = cause_});
    }
  }

  void Kill(Cause cause) {
    is_killing_ = true;
    if (!is_exited_) cause_ = std::max(cause_, cause);
  }

  // Kills the group at once and then the guard's children. Only the guard reaps them, so no number can be another's;
  // their children become the guard's own and fall in a later round.
  void KillRound() {
    if (!is_exited_) kill(-trial_, SIGKILL);
    const pid_t self = getpid();
    ForEachProcess([self](const ProcessEntry& entry) {
      if (entry.parent == self) kill(entry.pid, SIGKILL);
    });
  }

  bool IsGroupAlive() const {
    bool is_alive = false;
    ForEachProcess([&](const ProcessEntry& entry) {
      is_alive = is_alive || (entry.group == trial_ && entry.state != 'Z' && entry.state != 'X');
    });
    return is_alive;
  }

  void Await(int64_t now) {
    int64_t timeout = kLongestPollMilliseconds;
    if (is_killing_ || (is_exited_ && is_terminating_)) timeout = kKillRoundMilliseconds;
    if (!is_killing_) timeout = std::clamp(std::min(grace_end_, deadline_) - now, int64_t{0}, timeout);
    pollfd fds[] = {{signal_fd_, POLLIN, 0}, {is_worker_gone_ ? -1 : kControlFd, POLLIN, 0}};
    if (poll(fds, 2, static_cast<int>(timeout)) <= 0) return;
    if (fds[0].revents != 0) ReadSignal();
    if (fds[1].revents != 0) ReadControl();
  }

  void ReadSignal() {
    signalfd_siginfo received = {};
    if (read(signal_fd_, &received, sizeof received) != sizeof received) return;
    if (received.ssi_signo != SIGCHLD) Kill(Cause::kKilled);  // somebody ends the guard: the trial goes with it
  }

  void ReadControl() {
    Message message = {};
    const ssize_t size = recv(kControlFd, &message, sizeof message, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size != sizeof message) {
      is_worker_gone_ = true;
      Kill(Cause::kKilled);
    } else if (message.kind == Kind::kKill) {
      Kill(Cause::kKilled);
    } else if (message.kind == Kind::kDeadline) {
      deadline_ = After(message.milliseconds);
    } else if (message.kind == Kind::kTerminate) {
      is_terminating_ = true;
      grace_end_ = std::min(grace_end_, After(message.milliseconds));
      if (is_exited_) return;
      cause_ = std::max(cause_, Cause::kTerminated);
      kill(-trial_, SIGTERM);
    }
  }

  const pid_t trial_;  // also its session and group
  const int signal_fd_;
  bool is_exited_ = false;  // and reaped
  bool is_terminating_ = false;
  bool is_killing_ = false;
  bool is_worker_gone_ = false;
  Cause cause_ = Cause::kNone;
  int64_t grace_end_ = kNever;
  int64_t deadline_ = kNever;
};

int Main(int argc, char** argv) {
  if (argc < 3 || fcntl(kControlFd, F_SETFD, FD_CLOEXEC) != 0) {
    fprintf(stderr, "%s: is started by the pegbox worker, not by hand\n", argc > 0 ? argv[0] : "pegbox-trial-guard");
    return 2;
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  SpawnError failure;
  const pid_t trial = StartTrial(argv + 1, failure);
  if (trial < 0) {
    Send({.kind = Kind::kSpawnFailed, .value = failure.error, .stage = failure.stage});
    return 127;
  }
  // The log's pipe must end with the trial's last process, not with the guard.
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) dup2(STDIN_FILENO, fd);
  Send({.kind = Kind::kStarted, .value = trial});
  Guard(trial, signal_fd).Run();
  Send({.kind = Kind::kEmpty});
  return 0;
}

}  // namespace
}  // namespace pegbox::worker::guard

int main(int argc, char** argv) { return pegbox::worker::guard::Main(argc, argv); }
