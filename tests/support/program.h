// A real program, run by a test. It dies with the test, whatever ends the test.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pegbox::test {

// The contents of a file; empty when there is none.
std::string ReadFile(const std::string& path);

// The last `count` lines of `text`.
std::string LastLines(absl::string_view text, size_t count);

// Thread-compatible; used from the thread that made it, whose end ends the program.
class Program {
 public:
  struct Options {
    std::vector<std::string> command;                // the program as a path, then its arguments
    std::map<std::string, std::string> environment;  // besides the test's own
    std::string output_path;                         // of stdout and stderr; appended to
    std::string error_path;                          // of stderr alone, when not empty
  };

  struct End {
    int exit_code = -1;  // -1: ended by a signal
    int signal = 0;

    friend bool operator==(const End&, const End&) = default;
    friend std::ostream& operator<<(std::ostream& out, const End& end) {
      return out << "exit code " << end.exit_code << ", signal " << end.signal;
    }
  };

  // Starts it in a process group of its own. A command that cannot be run ends with exit code 127.
  explicit Program(Options options);
  ~Program();  // SIGKILL
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  bool is_running() { return !WaitFor(absl::ZeroDuration()).has_value(); }

  // To the program alone, not its group. Nothing when it has ended.
  void Signal(int signal);
  // Nothing: it still runs after `timeout`.
  std::optional<End> WaitFor(absl::Duration timeout);
  // SIGKILL, and waits until it is gone.
  void Kill();

  std::string Output() const { return ReadFile(options_.output_path); }

 private:
  const Options options_;
  pid_t pid_ = -1;
  std::optional<End> end_;
};

}  // namespace pegbox::test
