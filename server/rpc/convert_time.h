// Times and spans between the wire and the domain.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pegbox {

// INVALID_ARGUMENT, opening with `field`: outside of what the message's own definition allows.
absl::StatusOr<absl::Duration> FromProto(const google::protobuf::Duration& proto, absl::string_view field);
absl::StatusOr<absl::Time> FromProto(const google::protobuf::Timestamp& proto, absl::string_view field);

// Finite ones only.
google::protobuf::Duration ToProto(absl::Duration duration);
// To the microsecond, as times rest in the store: so a resource reads the same before and after its commit.
google::protobuf::Timestamp ToProto(absl::Time time);

}  // namespace pegbox
