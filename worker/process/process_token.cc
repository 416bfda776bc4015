#include "worker/process/process_token.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/status_macros.h"
#include "worker/process/unique_fd.h"

namespace pegbox::worker {
namespace {

constexpr size_t kTokenBytes = 16;
constexpr absl::Duration kPollInterval = absl::Milliseconds(20);

constexpr absl::Duration kExecPollInterval = absl::Microseconds(200);
constexpr absl::Duration kExecTimeout = absl::Seconds(1);

// Nothing if we may not read it, or the process is gone.
std::optional<std::string> ReadProcFile(pid_t pid, absl::string_view name) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/", name), std::ios::binary);
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Linux shows no environment from the moment in execve(2) when a process gets its new memory until the arguments are
// laid out in it: its end address is 0 then, but not for an empty environment. Source: proc(5), /proc/PID/stat.
bool IsInExec(pid_t pid) {
  constexpr int kState = 0, kFlags = 6, kEnvironmentEnd = 48;  // counted from the state, which follows "PID (NAME) "
  constexpr uint32_t kKernelThread = 0x00200000;               // PF_KTHREAD
  const std::string stat = ReadProcFile(pid, "stat").value_or("");
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return false;
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(stat).substr(name_end + 1), ' ', absl::SkipWhitespace());
  uint32_t flags = 0;
  if (fields.size() <= kEnvironmentEnd || !absl::SimpleAtoi(fields[kFlags], &flags)) return false;
  const bool is_dead = fields[kState] == "Z" || fields[kState] == "X";
  return !is_dead && (flags & kKernelThread) == 0 && fields[kEnvironmentEnd] == "0";
}

bool HasToken(pid_t pid, absl::string_view token) {
  const absl::Time deadline = absl::Now() + kExecTimeout;
  std::optional<std::string> environment = ReadProcFile(pid, "environ");
  while (environment.has_value() && environment->empty() && absl::Now() < deadline) {
    const bool was_in_exec = IsInExec(pid);
    if (was_in_exec) absl::SleepFor(kExecPollInterval);
    environment = ReadProcFile(pid, "environ");
    if (!was_in_exec) break;
  }
  if (!environment.has_value()) return false;
  const std::string entry = absl::StrCat(kProcessTokenVariable, "=", token, std::string(1, '\0'));
  return absl::StartsWith(*environment, entry) || absl::StrContains(*environment, std::string(1, '\0') + entry);
}

// Holds the process by a pidfd and looks at it again before the signal, so that no other process which got the same
// number meanwhile is hit. The descriptor tells the process's end; it is closed if the process is gone.
UniqueFd KillHeld(pid_t pid, absl::string_view token) {
  UniqueFd held(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!held.is_open()) {
    if (errno == ENOSYS && HasToken(pid, token)) kill(pid, SIGKILL);  // before Linux 5.3
    return held;
  }
  if (!HasToken(pid, token)) return UniqueFd();
  syscall(SYS_pidfd_send_signal, held.get(), SIGKILL, nullptr, 0);
  return held;
}

}  // namespace

absl::Status ValidateProcessToken(absl::string_view token) {
  const bool is_hexadecimal =
      std::all_of(token.begin(), token.end(), [](unsigned char c) { return absl::ascii_isxdigit(c); });
  if (token.size() == 2 * kTokenBytes && is_hexadecimal) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("token: must be ", 2 * kTokenBytes, " hexadecimal digits; got ", token.size(), " characters"));
}

std::string NewProcessToken() {
  std::array<char, kTokenBytes> bytes;
  // Cannot fail: at most 256 bytes are never cut short, and the pool of a booted machine is ready.
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

absl::StatusOr<std::vector<pid_t>> FindProcesses(absl::string_view token) {
  PEGBOX_RETURN_IF_ERROR(ValidateProcessToken(token));
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(opendir("/proc"), closedir);
  if (proc == nullptr) {
    return absl::FailedPreconditionError(absl::StrCat("/proc: must be readable to find processes; ", errno));
  }
  std::vector<pid_t> found;
  while (const dirent* entry = readdir(proc.get())) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(entry->d_name, &pid) || pid == getpid()) continue;
    if (HasToken(pid, token)) found.push_back(pid);
  }
  return found;
}

absl::StatusOr<int> KillProcesses(absl::string_view token, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  std::set<pid_t> killed;
  while (true) {
    PEGBOX_ASSIGN_OR_RETURN(const std::vector<pid_t> found, FindProcesses(token));
    if (found.empty()) return static_cast<int>(killed.size());
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat(found.size(), " processes of the trial outlive SIGKILL, one is ",
                                                      found.front(),
                                                      "; they wait in the kernel or are another user's"));
    }
    std::vector<UniqueFd> held;
    for (const pid_t pid : found) {
      held.push_back(KillHeld(pid, token));
      killed.insert(pid);
    }
    for (const UniqueFd& fd : held) {
      pollfd ended = {fd.get(), POLLIN, 0};
      poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(kPollInterval)));
    }
  }
}

}  // namespace pegbox::worker
