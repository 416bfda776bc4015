// A trial's program that follows a script: reports a known curve at a known pace, and writes down what it does in a
// record (trial_record.h), so that a test can tell what really ran. Its "training" is waiting.
//
//   objective(step) = base + times_x * x + times_trial * trial + times_step * step + over_step / step
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "tests/support/trial_record.h"

namespace pegbox::test {
namespace {

struct Script {
  std::string record;
  std::string report = "socket";
  int64_t epochs = 3;
  int64_t epoch_ms = 0;
  double base = 0;
  double times_x = 1;
  double times_trial = 0;
  double times_step = 0;
  double over_step = 0;
  int64_t final_wait_ms = 0;  // between the last report and the end
  int exit_code = 0;
  std::string last_words;  // the last line of the output
  bool has_checkpoints = false;
  bool ignores_sigterm = false;
  bool ignores_directives = false;
  bool has_child = false;
};

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) {
    std::fprintf(stderr, "fake_trainer: %s is not set\n", name);
    std::exit(2);
  }
  return value;
}

// Appends to the record, one line in one write.
class Record {
 public:
  explicit Record(const std::string& path) : fd_(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)) {
    const std::vector<std::string> name = absl::StrSplit(Environment("PEGBOX_TRIAL"), '/');
    if (name.size() != 4 || fd_ < 0) std::exit(2);
    trial_ = absl::StrCat(name[1], " ", name[3]);
    attempt_ = Environment("PEGBOX_ATTEMPT");
    lock_fd_ = open(absl::StrCat(path, ".", name[1], ".", name[3]).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (lock_fd_ < 0) std::exit(2);
  }

  void Write(const char* kind, int64_t step, double value = 0) const {
    const std::string line = absl::StrFormat("%d %d %s %s %s %d %.17g\n", absl::ToInt64Nanoseconds(MonotonicNow()),
                                             getpid(), trial_, attempt_, kind, step, value);
    if (write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::exit(2);
  }

  // The kernel holds a lock of the trial for as long as this process lives: two attempts at once cannot go unseen.
  void Start(int64_t first_step) const {
    if (flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) Write("overlap", 0);
    Write("started", first_step);
  }

 private:
  const int fd_;
  int lock_fd_;
  std::string trial_;
  std::string attempt_;
};

// The worker's socket. Reports wait for their reply.
class Socket {
 public:
  Socket() : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, Environment("PEGBOX_SOCKET").c_str(), sizeof(address.sun_path) - 1);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) std::exit(2);
  }

  void Send(const std::string& json) {
    const std::string line = json + "\n";
    if (write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::exit(2);
    Read(-1);
  }

  // Waits for one line or for the time to pass.
  void Read(int timeout_ms) {
    pollfd waited{.fd = fd_, .events = POLLIN, .revents = 0};
    while (!absl::StrContains(input_, '\n')) {
      if (poll(&waited, 1, timeout_ms) <= 0) return;
      char bytes[4096];
      const ssize_t count = read(fd_, bytes, sizeof(bytes));
      if (count <= 0) std::exit(2);
      input_.append(bytes, static_cast<size_t>(count));
    }
    is_told_to_stop_ = is_told_to_stop_ || absl::StrContains(input_, "\"STOP\"");
    input_.erase(0, input_.find('\n') + 1);
  }

  bool is_told_to_stop() const { return is_told_to_stop_; }

 private:
  const int fd_;
  std::string input_;
  bool is_told_to_stop_ = false;
};

class Trainer {
 public:
  explicit Trainer(const Script& script)
      : script_(script), record_(script.record), checkpoint_(Environment("PEGBOX_CHECKPOINT_DIR") + "/step") {
    if (!absl::SimpleAtod(Environment("PEGBOX_PARAM_X"), &x_)) std::exit(2);
    const std::vector<std::string> name = absl::StrSplit(Environment("PEGBOX_TRIAL"), '/');
    if (!absl::SimpleAtod(name.back(), &trial_)) std::exit(2);
    if (script_.report == "socket") socket_.emplace();
  }

  int Run() {
    int64_t step = 0;
    std::ifstream(checkpoint_) >> step;
    record_.Start(step + 1);
    const absl::Duration start = MonotonicNow() - Pace(step);
    for (++step; step <= script_.epochs; ++step) {
      WaitUntil(start + Pace(step));
      if (HasToStop()) return End("stopped");
      Report(step);
      if (HasToStop()) return End("stopped");
    }
    WaitUntil(MonotonicNow() + absl::Milliseconds(script_.final_wait_ms));
    return HasToStop() ? End("stopped") : End("ended");
  }

 private:
  absl::Duration Pace(int64_t step) const { return absl::Milliseconds(script_.epoch_ms * step); }

  bool HasToStop() const { return !script_.ignores_directives && socket_.has_value() && socket_->is_told_to_stop(); }

  // Until `time`, or a directive.
  void WaitUntil(absl::Duration time) {
    for (absl::Duration left = time - MonotonicNow(); left > absl::ZeroDuration(); left = time - MonotonicNow()) {
      if (HasToStop()) return;
      const int timeout_ms = static_cast<int>(absl::ToInt64Milliseconds(left)) + 1;
      if (socket_.has_value()) {
        socket_->Read(timeout_ms);
      } else {
        poll(nullptr, 0, timeout_ms);
      }
    }
  }

  double Objective(int64_t step) const {
    const auto s = static_cast<double>(step);
    return script_.base + script_.times_x * x_ + script_.times_trial * trial_ + script_.times_step * s +
           script_.over_step / s;
  }

  void Report(int64_t step) {
    const double value = Objective(step);
    if (script_.has_checkpoints) {
      std::ofstream(checkpoint_ + ".new") << step;
      std::filesystem::rename(checkpoint_ + ".new", checkpoint_);
    }
    record_.Write("reported", step, value);
    const std::string json =
        absl::StrFormat(R"({"step": %d, "metrics": {"validation:loss": %.17g, "train:loss": %.17g}%s})", step, value,
                        value / 2, script_.has_checkpoints ? R"(, "checkpoint": true)" : "");
    if (script_.report == "socket") {
      std::printf("epoch %d of trial %g\n", static_cast<int>(step), trial_);
      std::fflush(stdout);
      socket_->Send(json);
    } else if (script_.report == "stdout") {
      std::printf("PEGBOX_METRICS %s\n", json.c_str());
    } else {
      std::printf("epoch %d: val_loss=%.17g train_loss=%.17g\n", static_cast<int>(step), value, value / 2);
    }
    std::fflush(stdout);
  }

  int End(const char* kind) {
    if (!script_.last_words.empty()) std::printf("%s\n", script_.last_words.c_str());
    std::fflush(stdout);
    record_.Write(kind, script_.exit_code);
    return script_.exit_code;
  }

  const Script& script_;
  const Record record_;
  const std::string checkpoint_;
  double x_ = 0;
  double trial_ = 0;
  std::optional<Socket> socket_;
};

// A data loader that nobody asks to end, in a session of its own.
void StartChild() {
  if (fork() != 0) return;
  setsid();
  signal(SIGTERM, SIG_IGN);
  while (true) pause();
}

void AddFlags(CLI::App& app, Script& script) {
  app.add_option("--record", script.record)->required();
  app.add_option("--report", script.report)->check(CLI::IsMember({"socket", "stdout", "regex"}));
  app.add_option("--epochs", script.epochs);
  app.add_option("--epoch-ms", script.epoch_ms);
  app.add_option("--base", script.base);
  app.add_option("--times-x", script.times_x);
  app.add_option("--times-trial", script.times_trial);
  app.add_option("--times-step", script.times_step);
  app.add_option("--over-step", script.over_step);
  app.add_option("--final-wait-ms", script.final_wait_ms);
  app.add_option("--exit-code", script.exit_code);
  app.add_option("--last-words", script.last_words);
  app.add_flag("--checkpoints", script.has_checkpoints);
  app.add_flag("--ignore-sigterm", script.ignores_sigterm);
  app.add_flag("--ignore-directives", script.ignores_directives);
  app.add_flag("--with-child", script.has_child);
}

}  // namespace
}  // namespace pegbox::test

int main(int argc, char** argv) {
  CLI::App app("Follows a script.", "fake_trainer");
  pegbox::test::Script script;
  pegbox::test::AddFlags(app, script);
  CLI11_PARSE(app, argc, argv);
  if (script.ignores_sigterm) signal(SIGTERM, SIG_IGN);
  if (script.has_child) pegbox::test::StartChild();
  return pegbox::test::Trainer(script).Run();
}
