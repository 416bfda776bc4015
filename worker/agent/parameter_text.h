// A trial's parameters as text: for its command line, its environment and its JSON. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/agent/assignment.h"

namespace pegbox::worker {

// The shortest text that reads back as the same value. A whole double has no point ("32"), so that a program which
// wants an integer can read it; booleans are true and false.
std::string FormatParameter(const ParameterValue& value);

// One JSON object that keeps the types: 32.0 is a double, 32 an integer.
std::string ParametersJson(const std::map<std::string, ParameterValue>& parameters);

// Replaces {name} by the parameter's text; {{ and }} become braces.
// INVALID_ARGUMENT, opening with `command[i]`: an unknown or inactive parameter, or a brace without its partner.
absl::StatusOr<std::vector<std::string>> ExpandCommand(const std::vector<std::string>& command,
                                                       const std::map<std::string, ParameterValue>& parameters);

}  // namespace pegbox::worker
