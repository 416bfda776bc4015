#include "worker/agent/parameter_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace pegbox::worker {
namespace {

constexpr double kMaxWholeDouble = 9007199254740992.0;  // 2^53: up to here each integer is a double
constexpr size_t kShownBytes = 200;

std::string FormatDouble(double value) {
  std::array<char, 32> text;
  const bool is_whole = std::trunc(value) == value && std::abs(value) <= kMaxWholeDouble;
  const std::to_chars_result result =
      is_whole ? std::to_chars(text.data(), text.data() + text.size(), static_cast<int64_t>(value))
               : std::to_chars(text.data(), text.data() + text.size(), value);
  return std::string(text.data(), result.ptr);
}

struct Formatter {
  std::string operator()(double value) const { return FormatDouble(value); }
  std::string operator()(int64_t value) const { return absl::StrCat(value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
};

absl::Status BadArgument(absl::string_view field, absl::string_view argument, absl::string_view rule) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", rule, "; got \"", absl::CHexEscape(argument.substr(0, kShownBytes)), "\""));
}

absl::StatusOr<std::string> ExpandArgument(absl::string_view field, absl::string_view argument,
                                           const std::map<std::string, ParameterValue>& parameters) {
  std::string expanded;
  for (size_t at = 0; at < argument.size(); ++at) {
    const char c = argument[at];
    if (c != '{' && c != '}') {
      expanded += c;
      continue;
    }
    if (at + 1 < argument.size() && argument[at + 1] == c) {
      expanded += c;
      ++at;
      continue;
    }
    const size_t end = c == '{' ? argument.find_first_of("{}", at + 1) : absl::string_view::npos;
    if (end == absl::string_view::npos || argument[end] == '{') {
      return BadArgument(field, argument, "braces must be balanced; write {{ and }} for braces");
    }
    const absl::string_view name = argument.substr(at + 1, end - at - 1);
    const auto parameter = parameters.find(std::string(name));
    if (parameter == parameters.end()) {
      return BadArgument(field, argument,
                         absl::StrCat("placeholder {", absl::CHexEscape(name.substr(0, kShownBytes)),
                                      "} must name a parameter that has a value in this trial"));
    }
    expanded += FormatParameter(parameter->second);
    at = end;
  }
  return expanded;
}

}  // namespace

std::string FormatParameter(const ParameterValue& value) { return std::visit(Formatter(), value); }

std::string ParametersJson(const std::map<std::string, ParameterValue>& parameters) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [name, value] : parameters) {
    std::visit([&json, &name = name](const auto& typed) { json[name] = typed; }, value);
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::StatusOr<std::vector<std::string>> ExpandCommand(const std::vector<std::string>& command,
                                                       const std::map<std::string, ParameterValue>& parameters) {
  std::vector<std::string> expanded;
  for (size_t i = 0; i < command.size(); ++i) {
    PEGBOX_ASSIGN_OR_RETURN(std::string argument,
                            ExpandArgument(absl::StrCat("command[", i, "]"), command[i], parameters));
    expanded.push_back(std::move(argument));
  }
  return expanded;
}

}  // namespace pegbox::worker
