// From a call's result to what gRPC sends.
#pragma once

#include <grpcpp/support/status.h>

#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pegbox {

// Runs `call` and answers with its status. Logs the errors that are the server's own fault.
grpc::Status Reply(absl::string_view method, const std::function<absl::Status()>& call);

}  // namespace pegbox
