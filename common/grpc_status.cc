#include "common/grpc_status.h"

#include <string>

namespace pegbox {
namespace {

constexpr bool Matches(grpc::StatusCode grpc_code, absl::StatusCode absl_code) {
  return static_cast<int>(grpc_code) == static_cast<int>(absl_code);
}

static_assert(Matches(grpc::StatusCode::OK, absl::StatusCode::kOk));
static_assert(Matches(grpc::StatusCode::CANCELLED, absl::StatusCode::kCancelled));
static_assert(Matches(grpc::StatusCode::UNKNOWN, absl::StatusCode::kUnknown));
static_assert(Matches(grpc::StatusCode::INVALID_ARGUMENT, absl::StatusCode::kInvalidArgument));
static_assert(Matches(grpc::StatusCode::DEADLINE_EXCEEDED, absl::StatusCode::kDeadlineExceeded));
static_assert(Matches(grpc::StatusCode::NOT_FOUND, absl::StatusCode::kNotFound));
static_assert(Matches(grpc::StatusCode::ALREADY_EXISTS, absl::StatusCode::kAlreadyExists));
static_assert(Matches(grpc::StatusCode::PERMISSION_DENIED, absl::StatusCode::kPermissionDenied));
static_assert(Matches(grpc::StatusCode::RESOURCE_EXHAUSTED, absl::StatusCode::kResourceExhausted));
static_assert(Matches(grpc::StatusCode::FAILED_PRECONDITION, absl::StatusCode::kFailedPrecondition));
static_assert(Matches(grpc::StatusCode::ABORTED, absl::StatusCode::kAborted));
static_assert(Matches(grpc::StatusCode::OUT_OF_RANGE, absl::StatusCode::kOutOfRange));
static_assert(Matches(grpc::StatusCode::UNIMPLEMENTED, absl::StatusCode::kUnimplemented));
static_assert(Matches(grpc::StatusCode::INTERNAL, absl::StatusCode::kInternal));
static_assert(Matches(grpc::StatusCode::UNAVAILABLE, absl::StatusCode::kUnavailable));
static_assert(Matches(grpc::StatusCode::DATA_LOSS, absl::StatusCode::kDataLoss));
static_assert(Matches(grpc::StatusCode::UNAUTHENTICATED, absl::StatusCode::kUnauthenticated));

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.raw_code()), std::string(status.message()));
}

absl::Status FromGrpcStatus(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const int code = status.error_code();
  const bool is_known = code > 0 && code <= static_cast<int>(absl::StatusCode::kUnauthenticated);
  return absl::Status(is_known ? static_cast<absl::StatusCode>(code) : absl::StatusCode::kUnknown,
                      status.error_message());
}

}  // namespace pegbox
