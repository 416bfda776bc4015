// A trial's program for tests. process_probe argv ARGS... | descriptors | state | detach | detach-bare | detach-exit
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>

namespace {

// The arguments byte for byte, in hexadecimal, one a line.
int PrintArguments(int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    for (const char* c = argv[i]; *c != '\0'; ++c) printf("%02x", static_cast<unsigned char>(*c));
    printf("\n");
  }
  return 0;
}

int PrintDescriptors() {
  for (int fd = 0; fd < 4096; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) printf("%d\n", fd);
  }
  return 0;
}

int PrintState() {
  std::cout << "leads_group " << (getpgid(0) == getpid()) << "\nleads_session " << (getsid(0) == getpid()) << "\n";
  rlimit core = {};
  getrlimit(RLIMIT_CORE, &core);
  std::cout << "core_limit " << core.rlim_cur << "\n";
  char input[PATH_MAX] = {};
  if (readlink("/proc/self/fd/0", input, sizeof input - 1) > 0) std::cout << "stdin " << input << "\n";
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    for (const char* name : {"NoNewPrivs:", "SigBlk:", "SigIgn:"}) {
      if (line.rfind(name, 0) == 0) std::cout << name << " " << line.substr(line.find_last_of(" \t") + 1) << "\n";
    }
  }
  std::cout << "directory " << std::string(getcwd(input, sizeof input)) << "\n" << std::flush;
  return 0;
}

// Leaves group, session and parent as a daemon does, prints "held PID" and stays, deaf to SIGTERM. The first process
// waits for that, and then stays or exits.
int Detach(const char* self, bool keeps_environment, bool exits) {
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return 1;
  if (fork() == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    signal(SIGTERM, SIG_IGN);
    dprintf(STDOUT_FILENO, "held %d\n", getpid());
    char hold[] = "hold";
    char* const arguments[] = {const_cast<char*>(self), hold, nullptr};
    char* const nothing[] = {nullptr};
    execve("/proc/self/exe", arguments, keeps_environment ? environ : nothing);
    _exit(1);
  }
  close(ready[1]);
  char byte = 0;
  [[maybe_unused]] const ssize_t size = read(ready[0], &byte, 1);  // ends when the daemon's exec closes the pipe
  if (exits) return 0;
  while (true) pause();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "argv") return PrintArguments(argc, argv);
  if (what == "descriptors") return PrintDescriptors();
  if (what == "state") return PrintState();
  if (what == "detach") return Detach(argv[0], true, false);
  if (what == "detach-bare") return Detach(argv[0], false, false);
  if (what == "detach-exit") return Detach(argv[0], false, true);
  if (what == "hold") {
    while (true) pause();
  }
  return 64;
}
