// The command line of pegbox-server.
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "server/rpc/listen_address.h"

namespace pegbox {

// Exit codes: it cannot start, or its store failed; the command line is wrong; the address is refused (EX_CONFIG).
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfiguration = 78;

struct ServerFlags {
  std::string data_folder = "./pegbox-data/server";
  ListenAddress listen;
  std::string address_file;  // empty: none
  absl::Duration lease_duration;
  int suggestion_threads = 2;
  std::string log_level = "info";
  bool log_json = false;
};

// Nothing: `exit_code` is what to end with, and what there is to say has been printed.
std::optional<ServerFlags> ParseServerFlags(int argc, char** argv, int& exit_code);

}  // namespace pegbox
