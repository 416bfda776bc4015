// pegbox-server: puts store, engine and services together, and ends them in order.
#include <grpc/support/log.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/status_macros.h"
#include "server/address_file.h"
#include "server/engine/engine.h"
#include "server/rpc/rpc_server.h"
#include "server/search/gp/searcher_factory.h"
#include "server/server_flags.h"
#include "server/store/sqlite_store.h"
#include "server/store/trial_log.h"

namespace pegbox {
namespace {

constexpr absl::Duration kFailureCheck = absl::Milliseconds(500);
constexpr absl::Duration kCallPatience = absl::Seconds(5);
constexpr absl::Duration kStopLimit = absl::Seconds(9);

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  return signals;
}

// gRPC's own messages, in the server's form.
void LogFromGrpc(gpr_log_func_args* args) {
  const auto level = args->severity == GPR_LOG_SEVERITY_ERROR ? spdlog::level::warn : spdlog::level::debug;
  Log()->log(level, "gRPC said message=\"{}\"", args->message);
}

absl::Status MakeFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("data folder ", folder, ": cannot be made: ", error.message(), "; choose another with --data"));
}

// Ends the process when stopping takes too long, as while a long suggestion is computed. Nothing is lost: what was
// acknowledged was committed.
class StopLimit {
 public:
  explicit StopLimit(int exit_code)
      : thread_([this, exit_code] {
          if (has_stopped_.WaitForNotificationWithTimeout(kStopLimit)) return;
          Log()->warn("server ended without waiting for its threads");
          _exit(exit_code);
        }) {}
  ~StopLimit() {
    has_stopped_.Notify();
    thread_.join();
  }

 private:
  absl::Notification has_stopped_;
  std::thread thread_;
};

// Waits for a signal to stop, or for the store to fail; OK for the signal.
absl::Status WaitForEnd(const Store& store) {
  const sigset_t signals = StopSignals();
  const timespec timeout = absl::ToTimespec(kFailureCheck);
  while (true) {
    const int signal = sigtimedwait(&signals, nullptr, &timeout);
    if (signal > 0) {
      Log()->info("stop requested signal={}", signal);
      return absl::OkStatus();
    }
    PEGBOX_RETURN_IF_ERROR(store.failure());
  }
}

void Stop(Engine& engine, RpcServer& server) {
  server.SetServing(false);
  // Meanwhile: the engine wakes the calls that the server waits for.
  std::thread engine_stop([&engine] { engine.Stop(); });
  server.Stop(kCallPatience);
  engine_stop.join();
}

// Serves until the end; OK when it was asked to end.
absl::Status Serve(const ServerFlags& flags) {
  PEGBOX_RETURN_IF_ERROR(MakeFolder(flags.data_folder));
  PEGBOX_ASSIGN_OR_RETURN(const std::unique_ptr<SqliteStore> store,
                          SqliteStore::Open({.path = flags.data_folder + "/pegbox.db"}));
  TrialLog trial_log(flags.data_folder + "/trial-logs");
  Engine engine(*store, trial_log, Clock::Real(),
                {.lease_duration = flags.lease_duration,
                 .suggestion_threads = flags.suggestion_threads,
                 .make_searcher = MakeSearcher});
  PEGBOX_RETURN_IF_ERROR(engine.Start());
  PEGBOX_ASSIGN_OR_RETURN(const std::unique_ptr<RpcServer> server,
                          RpcServer::Start(engine, Clock::Real(), flags.listen));
  if (!flags.address_file.empty()) PEGBOX_RETURN_IF_ERROR(WriteAddressFile(flags.address_file, server->address()));
  Log()->info("server started address={} data={}", server->address(), flags.data_folder);

  const absl::Status end = WaitForEnd(*store);
  const StopLimit limit(end.ok() ? EXIT_SUCCESS : kExitFailed);
  if (!end.ok()) Log()->error("store failed error=\"{}\"", end.ToString());
  if (!flags.address_file.empty()) RemoveAddressFile(flags.address_file, server->address());
  Stop(engine, *server);
  store->Close();
  Log()->info("server stopped");
  return end;
}

int Main(int argc, char** argv) {
  int exit_code = EXIT_SUCCESS;
  const std::optional<ServerFlags> flags = ParseServerFlags(argc, argv, exit_code);
  if (!flags.has_value()) return exit_code;
  umask(077);
  // Before the first thread: all of them leave these signals to WaitForEnd.
  const sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  absl::Status status = ConfigureLog("pegbox-server", flags->log_level, flags->log_json);
  gpr_set_log_function(LogFromGrpc);
  if (status.ok()) status = Serve(*flags);
  if (status.ok()) return EXIT_SUCCESS;
  std::cerr << "pegbox-server: " << status.message() << "\n";
  return kExitFailed;
}

}  // namespace
}  // namespace pegbox

int main(int argc, char** argv) { return pegbox::Main(argc, argv); }
