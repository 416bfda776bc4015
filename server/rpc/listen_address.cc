#include "server/rpc/listen_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"

namespace pegbox {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

absl::StatusOr<ListenAddress> Split(absl::string_view text) {
  const size_t colon = text.rfind(':');
  ListenAddress address;
  const bool is_split = colon != absl::string_view::npos && colon > 0;
  absl::string_view host = is_split ? text.substr(0, colon) : absl::string_view();
  const bool is_bracketed = absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]");
  const bool has_port =
      is_split && absl::SimpleAtoi(text.substr(colon + 1), &address.port) && address.port >= 0 && address.port <= 65535;
  const bool has_stray_colon = host.find(':') != absl::string_view::npos && !is_bracketed;
  if (!has_port || host.empty() || has_stray_colon || host.find_first_of("[]") != absl::string_view::npos) {
    return InvalidArgument("listen address", "must have the form HOST:PORT, with PORT 0 to 65535", Quoted(text),
                           "write it as 127.0.0.1:7654 or [::1]:7654");
  }
  address.host = std::string(host);
  return address;
}

absl::StatusOr<AddressList> LookUp(const std::string& host, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error == 0) return AddressList(found, freeaddrinfo);
  return InvalidArgument("listen address", "must name a host of this machine", Quoted(host),
                         absl::StrCat(gai_strerror(error), "; use 127.0.0.1"));
}

// Nothing unless the address is loopback.
std::string LoopbackHost(const sockaddr& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.sa_family == AF_INET) {
    const in_addr& v4 = reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    if ((ntohl(v4.s_addr) >> 24) == 127) inet_ntop(AF_INET, &v4, text, sizeof(text));
  } else if (address.sa_family == AF_INET6) {
    const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    if (IN6_IS_ADDR_LOOPBACK(&v6)) inet_ntop(AF_INET6, &v6, text, sizeof(text));
  }
  return text;
}

absl::Status NotLoopback(absl::string_view host, int port) {
  return absl::PermissionDeniedError(absl::StrCat(
      "listen address: must be a loopback address (localhost, 127.0.0.1 or [::1]) as long as this version has neither "
      "TLS nor tokens: whoever reaches the port can run programs on every worker; got ",
      Quoted(host), "; listen on 127.0.0.1 and let other machines come through an SSH tunnel, on them: ssh -N -L ",
      port, ":127.0.0.1:", port, " USER@THIS_HOST"));
}

}  // namespace

std::string ToString(const ListenAddress& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  return is_v6 ? absl::StrCat("[", address.host, "]:", address.port) : absl::StrCat(address.host, ":", address.port);
}

absl::StatusOr<ListenAddress> ResolveListenAddress(absl::string_view text) {
  PEGBOX_ASSIGN_OR_RETURN(const ListenAddress given, Split(text));
  PEGBOX_ASSIGN_OR_RETURN(const AddressList found, LookUp(given.host, 0));
  ListenAddress chosen = {.port = given.port};
  for (const addrinfo* entry = found.get(); entry != nullptr; entry = entry->ai_next) {
    const std::string host = LoopbackHost(*entry->ai_addr);
    if (host.empty()) return NotLoopback(given.host, given.port == 0 ? 7654 : given.port);
    // Every client can reach IPv4's loopback; IPv6 may be switched off.
    if (chosen.host.empty() || entry->ai_family == AF_INET) chosen.host = host;
  }
  return chosen;
}

std::string ReasonNotBindable(const ListenAddress& address) {
  const absl::StatusOr<AddressList> found = LookUp(address.host, AI_NUMERICHOST | AI_PASSIVE);
  if (!found.ok()) return std::string(found.status().message());
  addrinfo& entry = **found;
  const uint16_t port = htons(static_cast<uint16_t>(address.port));
  if (entry.ai_family == AF_INET) {
    reinterpret_cast<sockaddr_in*>(entry.ai_addr)->sin_port = port;
  } else {
    reinterpret_cast<sockaddr_in6*>(entry.ai_addr)->sin6_port = port;
  }
  const int fd = socket(entry.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return strerror(errno);
  const int enable = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &enable, sizeof(enable));
  const bool is_bound = bind(fd, entry.ai_addr, entry.ai_addrlen) == 0 && listen(fd, 1) == 0;
  const std::string reason = is_bound ? "" : strerror(errno);
  close(fd);
  return reason;
}

}  // namespace pegbox
