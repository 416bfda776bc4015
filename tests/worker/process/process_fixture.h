// What the tests of trial processes share: a folder of their own, a collector of lines, and waiting for a process's
// end.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "worker/process/child_process.h"

namespace pegbox::worker {

// Far above what anything here takes; only a failing test waits so long.
inline constexpr absl::Duration kPatience = absl::Seconds(20);

class LineCollector {
 public:
  std::function<void(absl::string_view)> callback() {
    return [this](absl::string_view line) {
      absl::MutexLock lock(&mu_);
      lines_.emplace_back(line);
    };
  }

  std::vector<std::string> lines() const {
    absl::MutexLock lock(&mu_);
    return lines_;
  }

  // The first line that opens with `prefix`, or "" if none comes.
  std::string Await(absl::string_view prefix) const {
    absl::MutexLock lock(&mu_);
    std::string found;
    const auto has_come = [&] {
      for (const std::string& line : lines_) {
        if (!absl::StartsWith(line, prefix)) continue;
        found = line;
        return true;
      }
      return false;
    };
    mu_.AwaitWithTimeout(absl::Condition(&has_come), kPatience);
    return found;
  }

 private:
  mutable absl::Mutex mu_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mu_);
};

// The number after the last space: of "held 123" 123.
inline pid_t PidOf(absl::string_view line) {
  pid_t pid = 0;
  EXPECT_TRUE(absl::SimpleAtoi(line.substr(line.rfind(' ') + 1), &pid)) << line;
  return pid;
}

// Waits for the end of a process that need not be a child.
inline bool AwaitDeath(pid_t pid) {
  const UniqueFd held(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!held.is_open()) return errno == ESRCH;
  pollfd ended = {held.get(), POLLIN, 0};
  return poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(kPatience))) == 1;
}

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

class ProcessTest : public ::testing::Test {
 protected:
  ProcessTest() {
    std::string folder = (std::filesystem::temp_directory_path() / "pegbox_process_XXXXXX").string();
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  ~ProcessTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(absl::string_view name) const { return absl::StrCat(folder_, "/", name); }

  ProcessSpec Spec(std::vector<std::string> argv) const {
    return {.argv = std::move(argv),
            .working_directory = folder_,
            .environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}},
            .log_path = Path("trial.log"),
            .guard_path = GUARD_PATH};
  }
  ProcessSpec Shell(std::string script) const { return Spec({"/bin/sh", "-c", std::move(script)}); }

  std::unique_ptr<ChildProcess> Start(ProcessSpec spec) {
    auto process = ChildProcess::Start(std::move(spec), {.on_line = lines_.callback()});
    EXPECT_TRUE(process.ok()) << process.status();
    return process.ok() ? *std::move(process) : nullptr;
  }

  // Starts it and waits for its end.
  ProcessEnd Run(ProcessSpec spec) {
    const auto process = Start(std::move(spec));
    if (process == nullptr) return {.status = {.code = -1}};
    const std::optional<ProcessEnd> end = process->Wait(kPatience);
    EXPECT_TRUE(end.has_value());
    return end.value_or(ProcessEnd{.status = {.code = -1}});
  }

  std::string folder_;
  LineCollector lines_;
};

}  // namespace pegbox::worker
