// The rules that one parameter must keep by itself. What parameters owe to one another is SearchSpace's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/domain/parameter.h"

namespace pegbox {

// The limits of proto/pegbox/v1/search_space.proto.
inline constexpr size_t kMaxNameLength = 128;
inline constexpr size_t kMaxListedValues = 1024;
inline constexpr size_t kMaxTextBytes = 4096;
inline constexpr int64_t kMaxInteger = int64_t{1} << 53;  // beyond it a double cannot tell neighbours apart

// What the domain is called in a job file: "double", "integer", "discrete", "categorical", "bool", "constant".
absl::string_view KindOf(const ParameterDomain& domain);

// INVALID_ARGUMENT, opening with `field` and the place: name, domain, default or the size of the condition is against
// the rules.
absl::Status ValidateParameter(const Parameter& parameter, absl::string_view field);

// The values of the domain in words for an error: "0.1 to 0.5", "one of \"adam\", \"sgd\"".
std::string DescribeValues(const ParameterDomain& domain);

// The value for an error, so that its type shows: "3 (an integer)", "3 (a double)", "\"adam\"", "true".
std::string Describe(const ParameterValue& value);

}  // namespace pegbox
