#include "server/domain/trial_template_validation.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"
#include "server/domain/objective.h"

namespace pegbox {
namespace {

constexpr size_t kMaxArguments = 256;
constexpr size_t kMaxCommandBytes = 128 * 1024;
constexpr size_t kMaxVariables = 256;
constexpr size_t kMaxEnvironmentBytes = 64 * 1024;
constexpr size_t kMaxDirectoryBytes = 4096;
constexpr size_t kMaxMetricDefinitions = 256;
constexpr size_t kMaxRegexBytes = 512;

absl::Status ValidateNoNul(absl::string_view text, absl::string_view field) {
  if (text.find('\0') == absl::string_view::npos) return absl::OkStatus();
  return InvalidArgument(field, "must not contain a NUL byte", Quoted(text), "remove it");
}

std::string ListNames(const SearchSpace& space) {
  constexpr size_t kMaxShown = 8;
  std::string names;
  size_t shown = 0;
  for (const Parameter& parameter : space.parameters()) {
    if (parameter.condition.has_value()) continue;
    if (++shown > kMaxShown) return names + ", ...";
    absl::StrAppend(&names, names.empty() ? "" : ", ", parameter.name);
  }
  return names;
}

absl::Status ValidatePlaceholder(absl::string_view name, absl::string_view argument, const SearchSpace& space,
                                 absl::string_view field) {
  const std::optional<size_t> index = space.Find(name);
  if (!index.has_value()) {
    return InvalidArgument(field, absl::StrCat("placeholder {", name.substr(0, 128), "} must name a parameter"),
                           Quoted(argument),
                           absl::StrCat("use one of ", ListNames(space), ", or write {{ and }} for braces"));
  }
  if (!space.parameters()[*index].condition.has_value()) return absl::OkStatus();
  return InvalidArgument(
      field, absl::StrCat("placeholder {", name, "} must not name a conditional parameter, which may have no value"),
      Quoted(argument), "let the program read it from the environment variable PEGBOX_PARAMS");
}

absl::Status ValidatePlaceholders(absl::string_view argument, const SearchSpace& space, absl::string_view field) {
  for (size_t at = 0; at < argument.size(); ++at) {
    const char c = argument[at];
    if (c != '{' && c != '}') continue;
    if (at + 1 < argument.size() && argument[at + 1] == c) {  // "{{" or "}}"
      ++at;
      continue;
    }
    const size_t end = c == '{' ? argument.find_first_of("{}", at + 1) : absl::string_view::npos;
    if (end == absl::string_view::npos || argument[end] == '{') {
      return InvalidArgument(field, "braces must be balanced", Quoted(argument),
                             "write {name} for a parameter's value, {{ and }} for braces");
    }
    PEGBOX_RETURN_IF_ERROR(ValidatePlaceholder(argument.substr(at + 1, end - at - 1), argument, space, field));
    at = end;
  }
  return absl::OkStatus();
}

absl::Status ValidateCommand(const std::vector<std::string>& command, const SearchSpace& space,
                             absl::string_view field) {
  if (command.empty() || command.size() > kMaxArguments) {
    return InvalidArgument(field, "must be 1 to 256 texts, the program and its arguments", absl::StrCat(command.size()),
                           command.empty() ? "say what to run" : "put arguments in a file");
  }
  if (command[0].empty()) {
    return InvalidArgument(absl::StrCat(field, "[0]"), "must not be empty", Quoted(""), "name the program to run");
  }
  size_t bytes = 0;
  for (size_t i = 0; i < command.size(); ++i) {
    const std::string place = absl::StrCat(field, "[", i, "]");
    bytes += command[i].size();
    PEGBOX_RETURN_IF_ERROR(ValidateNoNul(command[i], place));
    PEGBOX_RETURN_IF_ERROR(ValidatePlaceholders(command[i], space, place));
  }
  if (bytes <= kMaxCommandBytes) return absl::OkStatus();
  return InvalidArgument(field, "must be at most 131,072 bytes together", absl::StrCat(bytes, " bytes"),
                         "put arguments in a file");
}

bool IsVariableName(absl::string_view name) {
  const auto is_name_character = [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_'; };
  return !name.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

absl::Status ValidateEnvironment(const std::map<std::string, std::string>& environment, absl::string_view field) {
  if (environment.size() > kMaxVariables) {
    return InvalidArgument(field, "must be at most 256 variables", absl::StrCat(environment.size()),
                           "put settings in a file");
  }
  size_t bytes = 0;
  for (const auto& [name, value] : environment) {
    const std::string place = absl::StrCat(field, "[", Quoted(name), "]");
    if (!IsVariableName(name)) {
      return InvalidArgument(place, "the name must be of A-Z a-z 0-9 _, not a digit first", Quoted(name),
                             "rename the variable");
    }
    if (absl::StartsWith(name, "PEGBOX_")) {
      return InvalidArgument(place, "names that begin with PEGBOX_ are Pegbox's own", Quoted(name),
                             "rename the variable");
    }
    PEGBOX_RETURN_IF_ERROR(ValidateNoNul(value, place));
    bytes += name.size() + value.size();
  }
  if (bytes <= kMaxEnvironmentBytes) return absl::OkStatus();
  return InvalidArgument(field, "must be at most 65,536 bytes together", absl::StrCat(bytes, " bytes"),
                         "put settings in a file");
}

absl::Status ValidateWorkingDirectory(absl::string_view directory, absl::string_view field) {
  if (directory.empty()) return absl::OkStatus();
  PEGBOX_RETURN_IF_ERROR(ValidateNoNul(directory, field));
  if (directory.size() > kMaxDirectoryBytes) {
    return InvalidArgument(field, "must be at most 4,096 bytes", absl::StrCat(directory.size(), " bytes"),
                           "use a shorter path");
  }
  if (directory[0] == '/') return absl::OkStatus();
  return InvalidArgument(field, "must be an absolute path", Quoted(directory),
                         "begin it with /, or leave it out for a fresh directory");
}

absl::Status ValidateMetricDefinitions(const std::vector<MetricDefinition>& definitions, absl::string_view field) {
  if (definitions.size() > kMaxMetricDefinitions) {
    return InvalidArgument(field, "must be at most 256", absl::StrCat(definitions.size()), "keep the metrics you use");
  }
  for (size_t i = 0; i < definitions.size(); ++i) {
    const std::string place = absl::StrCat(field, "[", i, "]");
    PEGBOX_RETURN_IF_ERROR(ValidateMetricName(definitions[i].name, absl::StrCat(place, ".name")));
    const std::string& regex = definitions[i].regex;
    if (!regex.empty() && regex.size() <= kMaxRegexBytes) continue;
    return InvalidArgument(absl::StrCat(place, ".regex"), "must be 1 to 512 bytes",
                           absl::StrCat(regex.size(), " bytes"),
                           regex.empty() ? "write one, such as \"loss=([0-9.]+)\"" : "shorten it");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateDuration(absl::Duration duration, absl::Duration min, absl::Duration max, absl::string_view limits,
                              absl::string_view field) {
  if (duration >= min && duration <= max) return absl::OkStatus();
  return InvalidArgument(field, absl::StrCat("must be ", limits), absl::FormatDuration(duration),
                         "choose a time between");
}

absl::Status ValidateTrialTemplate(const TrialTemplate& trial, const SearchSpace& space, absl::string_view field) {
  PEGBOX_RETURN_IF_ERROR(ValidateCommand(trial.command, space, absl::StrCat(field, ".command")));
  PEGBOX_RETURN_IF_ERROR(ValidateEnvironment(trial.environment, absl::StrCat(field, ".environment")));
  PEGBOX_RETURN_IF_ERROR(ValidateWorkingDirectory(trial.working_directory, absl::StrCat(field, ".working_directory")));
  PEGBOX_RETURN_IF_ERROR(
      ValidateMetricDefinitions(trial.metric_definitions, absl::StrCat(field, ".metric_definitions")));
  PEGBOX_RETURN_IF_ERROR(ValidateDuration(trial.grace_period, absl::ZeroDuration(), absl::Hours(1), "0 s to 1 h",
                                          absl::StrCat(field, ".grace_period")));
  if (trial.max_runtime == absl::InfiniteDuration()) return absl::OkStatus();
  return ValidateDuration(trial.max_runtime, absl::Seconds(1), absl::Hours(24 * 365), "1 s to 365 days",
                          absl::StrCat(field, ".max_runtime"));
}

}  // namespace pegbox
