#include <string>
#include <vector>

#include "client/cli/cli.h"
#include "common/grpc_polling.h"

int main(int argc, char** argv) {
  pegbox::PollIdleChannelsOften();
  pegbox::cli::Console console = pegbox::cli::StandardConsole(argv[0]);
  return static_cast<int>(
      pegbox::cli::RunCommandLine(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), console));
}
