// What a YAML scalar may stand for. A quoted scalar is a text, and never a number, a bool or a time.
// Errors are messages without a place: "must be a number; got ...". The caller puts the place before them.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/yaml_document.h"
#include "pegbox/v1/search_space.pb.h"

namespace pegbox::cli {

// All answer INVALID_ARGUMENT for anything else.
absl::StatusOr<double> ReadDouble(const YamlNode& node);  // finite, decimal
absl::StatusOr<int64_t> ReadInt64(const YamlNode& node);  // decimal
absl::StatusOr<uint64_t> ReadUint64(const YamlNode& node);
absl::StatusOr<bool> ReadBool(const YamlNode& node);  // true or false
// Any scalar, as it is written: an unquoted 10 is the text "10".
absl::StatusOr<std::string> ReadText(const YamlNode& node);
// Numbers with units, such as 90s, 5m, 1h30m, 1.5h, 250ms; not negative.
absl::StatusOr<absl::Duration> ReadDuration(const YamlNode& node);
// The type is that of the scalar: true and false, whole numbers, other numbers, else a text.
absl::StatusOr<v1::ParameterValue> ReadUntypedValue(const YamlNode& node);

}  // namespace pegbox::cli
