// The standard health service of gRPC, asked once.
#pragma once

#include <string>

namespace pegbox::test {

enum class Health { kServing, kNotServing, kUnreachable };

// Of the whole server at `address`; waits up to a second.
Health AskHealth(const std::string& address);

}  // namespace pegbox::test
