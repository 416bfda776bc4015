// pegbox-worker: reads its flags, wires the agent, turns signals into a graceful stop.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <climits>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/grpc_polling.h"
#include "common/log.h"
#include "worker/agent/agent.h"
#include "worker/agent/device_slots.h"
#include "worker/process/environment.h"

namespace pegbox::worker {
namespace {

constexpr char kExample[] =
    "Example: offer two slots to a server on this machine\n"
    "  pegbox-worker --server 127.0.0.1:7654 --data ./pegbox-worker-data --slots 2\n";

struct Flags {
  std::string server = "127.0.0.1:7654";
  std::string data = "./pegbox-worker-data";
  std::string id;
  std::optional<int> slots;
  std::string log_level = "info";
  bool log_json = false;
};

std::string HostName() {
  std::array<char, HOST_NAME_MAX + 1> name = {};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string();
}

// The host's name in the characters that a worker's id may have.
std::string DefaultId(const std::string& host_name) {
  constexpr size_t kMaxIdBytes = 63;
  std::string id;
  for (const unsigned char c : host_name.substr(0, kMaxIdBytes)) {
    const bool is_leading = id.empty();
    const char valid = absl::ascii_isalnum(c) ? absl::ascii_tolower(c) : '-';
    if (!is_leading || valid != '-') id += valid;
  }
  return id.empty() ? "worker" : id;
}

std::string CheckAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  int port = 0;
  const bool is_valid = colon != std::string::npos && colon > 0 && absl::SimpleAtoi(address.substr(colon + 1), &port) &&
                        port >= 1 && port <= 65535;
  return is_valid ? "" : absl::StrCat("must be HOST:PORT, such as 127.0.0.1:7654; got \"", address, "\"");
}

void AddFlags(CLI::App& app, Flags& flags) {
  app.add_option("--server", flags.server, "The server, HOST:PORT")
      ->envname("PEGBOX_SERVER")
      ->check(CLI::Validator(CheckAddress, "", ""))
      ->capture_default_str();
  app.add_option("--data", flags.data, "Folder for trials, logs and checkpoints; one worker a folder")
      ->capture_default_str();
  app.add_option("--id", flags.id, "Name of this worker at the server: a-z, 0-9 and -, up to 63 (default: the host's)");
  app.add_option(
         "--slots", flags.slots,
         "Trials at once, 1 to 1024 (default: one for each GPU in CUDA_VISIBLE_DEVICES or else in /dev; without "
         "GPUs 1). Slots share the GPUs out evenly")
      ->check(CLI::Range(1, kMaxSlots));
  app.add_option("--log-level", flags.log_level, "debug, info, warning, error or off")->capture_default_str();
  app.add_flag("--log-json", flags.log_json, "Write the log as one JSON object a line");
  app.set_version_flag("--version", PEGBOX_VERSION);
  app.footer(kExample);
}

std::vector<DeviceSlot> FindSlots(std::optional<int> count) {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  return MakeSlots(visible == nullptr ? ListGpus() : ParseVisibleDevices(visible), count);
}

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// The first signal stops the agent with grace. The second ends this process at once, and with it, through their guards,
// all trials. StopSignals must be blocked in every thread.
class SignalWatch {
 public:
  explicit SignalWatch(Agent& agent) : thread_([this, &agent] { Run(agent); }) {}
  ~SignalWatch() {
    is_over_ = true;
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  void Run(Agent& agent) {
    const sigset_t signals = StopSignals();
    for (int count = 1;; ++count) {
      int signal = 0;
      sigwait(&signals, &signal);
      if (is_over_) return;
      if (count > 1) _exit(128 + signal);
      Log()->info("signal received signal={}; a second one ends the trials at once", signal);
      agent.RequestStop();
    }
  }

  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

int Fail(const absl::Status& status) {
  std::cerr << "pegbox-worker: " << status.message() << "\n";
  return EXIT_FAILURE;
}

int Run(const Flags& flags) {
  if (absl::Status status = ConfigureLog("pegbox-worker", flags.log_level, flags.log_json); !status.ok()) {
    return Fail(status);
  }
  const std::string host_name = HostName();
  absl::StatusOr<std::unique_ptr<Agent>> agent =
      Agent::Create({.server_address = flags.server,
                     .data_folder = flags.data,
                     .worker_id = flags.id.empty() ? DefaultId(host_name) : flags.id,
                     .host_name = host_name,
                     .slots = FindSlots(flags.slots),
                     .version = PEGBOX_VERSION,
                     .base_environment = BaseEnvironment(environ)});
  if (!agent.ok()) return Fail(agent.status());
  const SignalWatch watch(**agent);
  const absl::Status status = (*agent)->Run();
  return status.ok() ? EXIT_SUCCESS : Fail(status);
}

}  // namespace
}  // namespace pegbox::worker

int main(int argc, char** argv) {
  pegbox::PollIdleChannelsOften();
  const sigset_t signals = pegbox::worker::StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  CLI::App app("Runs trials of tuning jobs on this machine, as a Pegbox server grants them.", "pegbox-worker");
  pegbox::worker::Flags flags;
  pegbox::worker::AddFlags(app, flags);
  CLI11_PARSE(app, argc, argv);
  return pegbox::worker::Run(flags);
}
