#include "server/rpc/reply.h"

#include "common/grpc_status.h"
#include "common/log.h"

namespace pegbox {
namespace {

bool IsOurFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kDataLoss ||
         code == absl::StatusCode::kUnknown;
}

}  // namespace

grpc::Status Reply(absl::string_view method, const std::function<absl::Status()>& call) {
  const absl::Status status = call();
  if (IsOurFault(status.code())) Log()->error("call failed method={} error=\"{}\"", method, status.ToString());
  return ToGrpcStatus(status);
}

}  // namespace pegbox
