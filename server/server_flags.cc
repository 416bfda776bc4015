#include "server/server_flags.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "absl/status/status.h"

namespace pegbox {
namespace {

constexpr absl::Duration kMinLease = absl::Seconds(1);
constexpr absl::Duration kMaxLease = absl::Hours(1);

struct Texts {
  std::string listen = "127.0.0.1:7654";
  std::string lease_duration = "5m";
};

constexpr char kFooter[] = R"(
Example:
  pegbox-server --data ./pegbox-data/server --listen 127.0.0.1:7654

The server listens on this machine's loopback only. Workers and clients of other machines come through an SSH tunnel,
opened there:
  ssh -N -L 7654:127.0.0.1:7654 USER@THIS_HOST

Ends with 0 after SIGTERM or SIGINT, 1 when it cannot start or its store fails, 2 for a wrong command line,
78 for an address that is not loopback.)";

void AddFlags(CLI::App& app, ServerFlags& flags, Texts& texts) {
  app.add_option("--data", flags.data_folder, "Folder of the store; made if it is missing; on a local disk")
      ->capture_default_str()
      ->type_name("DIR");
  app.add_option("--listen", texts.listen, "Loopback address to serve on; port 0 for any free one")
      ->capture_default_str()
      ->type_name("HOST:PORT");
  app.add_option("--address-file", flags.address_file, "Gets host:port, at once and as a whole, when the server serves")
      ->type_name("FILE");
  app.add_option("--lease-duration", texts.lease_duration,
                 "Silence of a worker after which its trials are given to others; 1s to 1h")
      ->capture_default_str()
      ->type_name("TIME");
  app.add_option("--suggestion-threads", flags.suggestion_threads, "Threads that compute suggestions; 1 to 64")
      ->capture_default_str()
      ->check(CLI::Range(1, 64))
      ->type_name("N");
  app.add_option("--log-level", flags.log_level, "debug, info, warning or error")
      ->capture_default_str()
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->type_name("LEVEL");
  app.add_flag("--log-json", flags.log_json, "One JSON object a line instead of text");
}

int Fail(int exit_code, absl::string_view message) {
  std::cerr << "pegbox-server: " << message << "\n";
  return exit_code;
}

int CheckTexts(const Texts& texts, ServerFlags& flags) {
  if (flags.data_folder.empty()) return Fail(kExitUsage, "--data: must not be empty; name a folder");
  if (!absl::ParseDuration(texts.lease_duration, &flags.lease_duration) || flags.lease_duration < kMinLease ||
      flags.lease_duration > kMaxLease) {
    return Fail(kExitUsage,
                "--lease-duration: must be 1s to 1h; got \"" + texts.lease_duration + "\"; write it as 90s or 5m");
  }
  absl::StatusOr<ListenAddress> listen = ResolveListenAddress(texts.listen);
  if (absl::IsPermissionDenied(listen.status())) return Fail(kExitConfiguration, listen.status().message());
  if (!listen.ok()) return Fail(kExitUsage, listen.status().message());
  flags.listen = *std::move(listen);
  return 0;
}

}  // namespace

std::optional<ServerFlags> ParseServerFlags(int argc, char** argv, int& exit_code) {
  ServerFlags flags;
  Texts texts;
  CLI::App app("Pegbox's server: holds tuning jobs, searches, and gives trials to workers.", "pegbox-server");
  app.footer(kFooter);
  AddFlags(app, flags, texts);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : kExitUsage;
    return std::nullopt;
  }
  exit_code = CheckTexts(texts, flags);
  return exit_code == 0 ? std::optional(flags) : std::nullopt;
}

}  // namespace pegbox
