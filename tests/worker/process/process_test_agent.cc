// A worker for tests to kill or stop. process_test_agent FOLDER GUARD DEADLINE_MS PROGRAM [ARGUMENT...]
// Runs the program as a trial (DEADLINE_MS < 0: without a deadline), prints "trial PID" and the trial's lines, stays.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "worker/process/child_process.h"

int main(int argc, char** argv) {
  using pegbox::worker::ChildProcess;
  if (argc < 5) return 64;
  pegbox::worker::ProcessSpec spec;
  spec.working_directory = argv[1];
  spec.log_path = std::string(argv[1]) + "/agent.log";
  spec.guard_path = argv[2];
  spec.argv.assign(argv + 4, argv + argc);
  spec.environment = pegbox::worker::BaseEnvironment(environ);
  auto trial = ChildProcess::Start(spec, {.on_line = [](absl::string_view line) {
                                     dprintf(STDOUT_FILENO, "%.*s\n", static_cast<int>(line.size()), line.data());
                                   }});
  if (!trial.ok()) {
    fprintf(stderr, "%s\n", trial.status().ToString().c_str());
    return 1;
  }
  const int deadline_milliseconds = atoi(argv[3]);
  if (deadline_milliseconds >= 0) (*trial)->KillUnlessRenewed(absl::Milliseconds(deadline_milliseconds));
  dprintf(STDOUT_FILENO, "trial %d\n", (*trial)->pid());
  while (true) pause();
}
