#include "worker/process/guard_launch.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "worker/process/guard_protocol.h"

namespace pegbox::worker {
namespace {

constexpr int kStartTimeoutMilliseconds = 30'000;
constexpr int kOutputPipeBytes = 256 * 1024;
constexpr int kFirstFreeFd = 10;  // above the descriptors that the guard's own are put on

// The parent's copy of a descriptor, out of the way of 0 to 3.
absl::StatusOr<UniqueFd> MoveUp(int fd) {
  const UniqueFd old(fd);
  UniqueFd moved(fcntl(fd, F_DUPFD_CLOEXEC, kFirstFreeFd));
  if (!moved.is_open()) return ErrnoStatus(errno, "cannot start the trial: descriptor");
  return moved;
}

// Frees what posix_spawn's objects hold.
struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;

  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  void Fill(int null_fd, int output_fd, int control_fd) {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    posix_spawn_file_actions_adddup2(&actions, null_fd, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output_fd, STDERR_FILENO);
    posix_spawn_file_actions_adddup2(&actions, control_fd, guard::kControlFd);
    posix_spawn_file_actions_addclosefrom_np(&actions, guard::kControlFd + 1);
  }
};

struct Channels {
  UniqueFd null;
  UniqueFd output_read;
  UniqueFd output_write;
  UniqueFd control;
  UniqueFd guard_control;
};

absl::StatusOr<Channels> OpenChannels() {
  Channels channels;
  int fds[2];
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return ErrnoStatus(errno, "cannot start the trial: /dev/null");
  PEGBOX_ASSIGN_OR_RETURN(channels.null, MoveUp(null));
  if (pipe2(fds, O_CLOEXEC) != 0) return ErrnoStatus(errno, "cannot start the trial: pipe");
  UniqueFd write_end(fds[1]);
  PEGBOX_ASSIGN_OR_RETURN(channels.output_read, MoveUp(fds[0]));
  PEGBOX_ASSIGN_OR_RETURN(channels.output_write, MoveUp(write_end.Release()));
  fcntl(channels.output_read.get(), F_SETPIPE_SZ, kOutputPipeBytes);  // a larger pipe only saves time
  fcntl(channels.output_read.get(), F_SETFL, O_NONBLOCK);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
    return ErrnoStatus(errno, "cannot start the trial: socket");
  }
  UniqueFd second(fds[1]);
  PEGBOX_ASSIGN_OR_RETURN(channels.control, MoveUp(fds[0]));
  PEGBOX_ASSIGN_OR_RETURN(channels.guard_control, MoveUp(second.Release()));
  return channels;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

absl::StatusOr<pid_t> Spawn(const GuardLaunch& launch, const Channels& channels) {
  std::vector<std::string> arguments = {launch.guard_path, launch.working_directory};
  arguments.insert(arguments.end(), launch.argv.begin(), launch.argv.end());
  std::vector<std::string> variables;
  for (const auto& [name, value] : launch.environment) variables.push_back(absl::StrCat(name, "=", value));
  SpawnSettings settings;
  settings.Fill(channels.null.get(), channels.output_write.get(), channels.guard_control.get());
  pid_t pid = 0;
  const int error = posix_spawn(&pid, launch.guard_path.c_str(), &settings.actions, &settings.attributes,
                                Pointers(arguments).data(), Pointers(variables).data());
  if (error == 0) return pid;
  return ErrnoStatus(error, absl::StrCat("cannot start the trial's guard ", launch.guard_path,
                                         " (it is installed beside the worker's program)"));
}

absl::Status SpawnFailure(const GuardLaunch& launch, const guard::Message& message) {
  const std::string program = absl::CHexEscape(launch.argv[0]);
  switch (message.stage) {
    case guard::Stage::kWorkingDirectory:
      return ErrnoStatus(message.value, absl::StrCat("working_directory: cannot enter ", launch.working_directory));
    case guard::Stage::kExec:
      break;
    default:
      return ErrnoStatus(message.value, "cannot start the trial: process");
  }
  std::string hint;
  if (message.value == ENOENT && !absl::StrContains(launch.argv[0], "/")) {
    const auto path = launch.environment.find("PATH");
    hint = absl::StrCat(" (no such program in PATH=",
                        path == launch.environment.end() ? "/bin:/usr/bin" : absl::CHexEscape(path->second), ")");
  } else if (message.value == ENOENT) {
    hint = " (or the interpreter that it names does not exist)";
  } else if (message.value == EACCES) {
    hint = " (is it a file with the right to be executed?)";
  } else if (message.value == ENOEXEC) {
    hint = " (a script needs a first line such as #!/bin/sh; a program must be built for this machine)";
  }
  return ErrnoStatus(message.value, absl::StrCat("argv[0]: cannot run \"", program, "\"", hint));
}

// The guard's first word: the trial's process id, or why there is none.
absl::StatusOr<pid_t> AwaitStart(const GuardLaunch& launch, int control_fd) {
  pollfd readable = {control_fd, POLLIN, 0};
  int ready = 0;
  while ((ready = poll(&readable, 1, kStartTimeoutMilliseconds)) < 0 && errno == EINTR) {
  }
  if (ready <= 0) {
    return absl::DeadlineExceededError(absl::StrCat("argv[0]: \"", absl::CHexEscape(launch.argv[0]),
                                                    "\" did not start in ", kStartTimeoutMilliseconds / 1000,
                                                    " s; does its disk answer?"));
  }
  guard::Message message = {};
  if (recv(control_fd, &message, sizeof message, 0) != sizeof message) {
    return absl::InternalError(absl::StrCat("the trial's guard ", launch.guard_path, " ended before it said a word"));
  }
  if (message.kind == guard::Kind::kStarted) return message.value;
  return SpawnFailure(launch, message);
}

}  // namespace

absl::StatusOr<LaunchedGuard> LaunchGuard(const GuardLaunch& launch) {
  PEGBOX_ASSIGN_OR_RETURN(Channels channels, OpenChannels());
  LaunchedGuard launched;
  PEGBOX_ASSIGN_OR_RETURN(launched.guard_pid, Spawn(launch, channels));
  channels.guard_control.Reset();  // so that the guard's end is seen
  channels.output_write.Reset();
  absl::StatusOr<pid_t> trial_pid = AwaitStart(launch, channels.control.get());
  if (!trial_pid.ok()) {
    channels.control.Reset();
    // A guard that could not start its trial ends at once; one whose exec hangs cannot be waited for.
    const bool is_hanging = absl::IsDeadlineExceeded(trial_pid.status());
    if (is_hanging) kill(launched.guard_pid, SIGKILL);
    waitpid(launched.guard_pid, nullptr, is_hanging ? WNOHANG : 0);
    return trial_pid.status();
  }
  launched.trial_pid = *trial_pid;
  launched.control = std::move(channels.control);
  launched.output = std::move(channels.output_read);
  return launched;
}

}  // namespace pegbox::worker
