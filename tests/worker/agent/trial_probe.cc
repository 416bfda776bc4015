// A trial that reports on its socket. Usage:
//   trial_probe report STEPS MILLISECONDS   a step, its reply, a pause; "stopped: REASON" and exit 0 on STOP
//   trial_probe burst STEPS                 all steps at once, and the end before any reply
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

int Connect() {
  const char* path = getenv("PEGBOX_SOCKET");
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, path == nullptr ? "" : path, sizeof address.sun_path - 1);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  perror("connect");
  exit(2);
}

std::string Line(int step) {
  const std::string text = std::to_string(step);
  return "{\"step\": " + text + ", \"metrics\": {\"loss\": " + std::to_string(1.0 / step) +
         "}, \"checkpoint\": true}\n";
}

// Ends the program when a STOP is among what has come.
void Obey(const std::string& received) {
  const size_t stop = received.find("\"STOP\"");
  if (stop == std::string::npos) return;
  const size_t reason = received.find("\"reason\":\"");
  const std::string rest = reason == std::string::npos ? "" : received.substr(reason + strlen("\"reason\":\""));
  printf("stopped: %s\n", rest.substr(0, rest.find('"')).c_str());
  exit(0);
}

// Waits for a line when `milliseconds` is negative, else looks for one until they are over.
void Read(int fd, int milliseconds) {
  std::string received;
  pollfd readable = {fd, POLLIN, 0};
  while (poll(&readable, 1, milliseconds) > 0) {
    char buffer[4096];
    const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
    if (size <= 0) exit(3);
    received.append(buffer, static_cast<size_t>(size));
    if (received.back() != '\n') continue;
    Obey(received);
    if (milliseconds < 0) return;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int steps = atoi(argv[2]);
  const int fd = Connect();
  if (strcmp(argv[1], "burst") == 0) {
    std::string lines;
    for (int step = 1; step <= steps; ++step) lines += Line(step);
    return write(fd, lines.data(), lines.size()) == static_cast<ssize_t>(lines.size()) ? 0 : 3;
  }
  const int pause = argc > 3 ? atoi(argv[3]) : 0;
  for (int step = 1; step <= steps; ++step) {
    const std::string line = Line(step);
    if (write(fd, line.data(), line.size()) < 0) return 3;
    Read(fd, -1);
    Read(fd, pause);
  }
  puts("all steps done");
  return 0;
}
