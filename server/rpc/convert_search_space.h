// Parameters and their values between the wire and the domain.
#pragma once

#include <google/protobuf/map.h>
#include <google/protobuf/repeated_ptr_field.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "pegbox/v1/search_space.pb.h"
#include "server/domain/parameter.h"
#include "server/domain/search_space.h"

namespace pegbox {

// INVALID_ARGUMENT, opening with `field` and the place: a rule of search_space.proto is broken.
absl::StatusOr<SearchSpace> FromProto(const google::protobuf::RepeatedPtrField<v1::Parameter>& protos,
                                      absl::string_view field);

v1::Parameter ToProto(const Parameter& parameter);
google::protobuf::Map<std::string, v1::ParameterValue> ToProto(const Assignment& assignment);

}  // namespace pegbox
