// The command line of `pegbox`: arguments in, a command run, an exit code out.
#pragma once

#include <string>
#include <vector>

#include "client/cli/console.h"
#include "client/cli/exit_code.h"

namespace pegbox::cli {

// `arguments` without the program's name. Reads the environment variable PEGBOX_SERVER. Call from the main thread,
// before gRPC is used.
ExitCode RunCommandLine(const std::vector<std::string>& arguments, Console& console);

}  // namespace pegbox::cli
