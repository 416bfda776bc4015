// Where the server listens. Without TLS and tokens only on loopback: whoever reaches the port may run programs on every
// worker.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pegbox {

struct ListenAddress {
  std::string host;  // a numeric loopback address: 127.0.0.1, ::1
  int port = 0;      // 0: any free one
};

// "host:port", with brackets around an IPv6 host.
std::string ToString(const ListenAddress& address);

// Takes "HOST:PORT" and looks the host up. INVALID_ARGUMENT: another form, or an unknown host. PERMISSION_DENIED: the
// host has an address that is not loopback.
absl::StatusOr<ListenAddress> ResolveListenAddress(absl::string_view text);

// Why the address cannot be bound just now, in words for an error: "Address already in use". Empty: it can.
std::string ReasonNotBindable(const ListenAddress& address);

}  // namespace pegbox
