#include "tests/support/process_list.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/support/program.h"

namespace pegbox::test {

bool IsAlive(pid_t pid) {
  const std::string stat = ReadFile(absl::StrCat("/proc/", pid, "/stat"));
  // "pid (name) state ...", where the name may hold anything.
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= stat.size()) return false;
  const char state = stat[name_end + 2];
  return state != 'Z' && state != 'X';
}

std::vector<std::string> ProcessesWith(absl::string_view text) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(entry.path().filename().string(), &pid) || pid == getpid() || !IsAlive(pid)) continue;
    const std::string folder = entry.path().string();
    std::string command = ReadFile(folder + "/cmdline");
    const std::string directory = std::filesystem::read_symlink(folder + "/cwd", error).string();
    const bool is_match = absl::StrContains(command, text) || absl::StrContains(directory, text) ||
                          absl::StrContains(ReadFile(folder + "/environ"), text);
    if (!is_match) continue;
    std::replace(command.begin(), command.end(), '\0', ' ');
    found.push_back(absl::StrCat(pid, ": ", command));
  }
  return found;
}

}  // namespace pegbox::test
