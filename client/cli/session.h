// What every command works with: the console, the form of its output, and the server.
#pragma once

#include <memory>
#include <string>

#include "client/cli/console.h"
#include "client/cpp/client.h"

namespace pegbox::cli {

struct Session {
  Console& console;
  bool as_json = false;
  std::string program;  // how to call the CLI on the same server: "pegbox --data DIR"
  Client& client;
};

}  // namespace pegbox::cli
