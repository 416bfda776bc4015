#include "tests/support/reserved_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace pegbox::test {
namespace {

// Below Linux's usual range of ports for outgoing connections, which begins at 32768.
constexpr int kFirstPort = 20000;
constexpr int kPorts = 10000;

bool IsFree(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) std::abort();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool is_free = bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return is_free;
}

// Takes a name that only one process can have, and that the kernel frees with the descriptor; -1: it is taken.
int Take(const std::string& name) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) std::abort();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());  // a leading NUL: no file
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) return fd;
  close(fd);
  return -1;
}

}  // namespace

ReservedPort::ReservedPort() {
  for (int i = 0; i < kPorts; ++i) {
    const int port = kFirstPort + (getpid() * 37 + i) % kPorts;
    lock_fd_ = Take(absl::StrCat("pegbox-test-port-", port));
    if (lock_fd_ < 0) continue;
    if (IsFree(port)) {
      number_ = port;
      return;
    }
    close(lock_fd_);
  }
  std::abort();
}

ReservedPort::~ReservedPort() { close(lock_fd_); }

std::string ReservedPort::address() const { return absl::StrCat("127.0.0.1:", number_); }

}  // namespace pegbox::test
