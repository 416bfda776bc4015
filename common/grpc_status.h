// absl::Status to grpc::Status and back. The codes of the two are the same numbers; the message is kept as it is.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace pegbox {

grpc::Status ToGrpcStatus(const absl::Status& status);
// A code that gRPC does not define becomes UNKNOWN.
absl::Status FromGrpcStatus(const grpc::Status& status);

}  // namespace pegbox
