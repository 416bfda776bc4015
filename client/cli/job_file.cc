#include "client/cli/job_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/text.h"
#include "client/cli/yaml_document.h"
#include "client/cli/yaml_scalar.h"
#include "common/status_macros.h"

namespace pegbox::cli {
namespace {

constexpr std::streamsize kMaxBytes = 1 << 20;

absl::StatusOr<v1::ParameterValue> ReadTypedValue(const YamlNode& node, const v1::Parameter& parameter) {
  v1::ParameterValue value;
  switch (parameter.domain_case()) {
    case v1::Parameter::kDouble:
    case v1::Parameter::kDiscrete: {
      PEGBOX_ASSIGN_OR_RETURN(const double number, ReadDouble(node));
      value.set_double_value(number);
      return value;
    }
    case v1::Parameter::kInteger: {
      PEGBOX_ASSIGN_OR_RETURN(const int64_t number, ReadInt64(node));
      value.set_int_value(number);
      return value;
    }
    case v1::Parameter::kCategorical: {
      PEGBOX_ASSIGN_OR_RETURN(std::string text, ReadText(node));
      value.set_string_value(std::move(text));
      return value;
    }
    case v1::Parameter::kBool: {
      PEGBOX_ASSIGN_OR_RETURN(const bool flag, ReadBool(node));
      value.set_bool_value(flag);
      return value;
    }
    case v1::Parameter::kConstant:
    case v1::Parameter::DOMAIN_NOT_SET:
      break;
  }
  return ReadUntypedValue(node);
}

absl::string_view KindName(const v1::Parameter& parameter) {
  const auto* const field = v1::Parameter::descriptor()->FindFieldByNumber(parameter.domain_case());
  return field == nullptr ? absl::string_view("no domain") : absl::string_view(field->name());
}

// Types the ParameterValues of one spec.
class ValueTyper {
 public:
  ValueTyper(const std::string& file, v1::TuningJobSpec& spec, const YamlPlaces& places)
      : file_(file), spec_(spec), places_(places) {}

  absl::Status Run() {
    // A constant's type is what its children's conditions go by, so constants come first.
    for (v1::Parameter& parameter : *spec_.mutable_parameters()) {
      if (parameter.has_constant()) PEGBOX_RETURN_IF_ERROR(Fill(*parameter.mutable_constant(), parameter));
    }
    for (v1::Parameter& parameter : *spec_.mutable_parameters()) {
      if (parameter.has_default_()) PEGBOX_RETURN_IF_ERROR(Fill(*parameter.mutable_default_(), parameter));
      if (!parameter.has_condition() || parameter.condition().values().empty()) continue;
      PEGBOX_RETURN_IF_ERROR(FillCondition(*parameter.mutable_condition()));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Fill(v1::ParameterValue& value, const v1::Parameter& type) {
    const YamlPlaces::UntypedValue& untyped = places_.untyped_values.at(&value);
    absl::StatusOr<v1::ParameterValue> typed = ReadTypedValue(untyped.node, type);
    if (typed.ok()) {
      value = *std::move(typed);
      return absl::OkStatus();
    }
    const std::string owner = type.has_constant() ? ""
                                                  : absl::StrCat(" (a value of the ", KindName(type), " parameter ",
                                                                 Quoted(type.name(), 128), ")");
    return ErrorAt(file_, Line(untyped.path), absl::StrCat(untyped.path, ": ", typed.status().message(), owner));
  }

  absl::Status FillCondition(v1::Condition& condition) {
    const auto& parameters = spec_.parameters();
    const auto parent = std::find_if(parameters.begin(), parameters.end(),
                                     [&](const v1::Parameter& p) { return p.name() == condition.parent(); });
    if (parent == parameters.end()) return UnknownParent(condition);
    for (v1::ParameterValue& value : *condition.mutable_values()) {
      PEGBOX_RETURN_IF_ERROR(parent->has_constant() ? FillAs(value, *parent) : Fill(value, *parent));
    }
    return absl::OkStatus();
  }

  // A condition on a constant: 3 stands for 3.0 when the constant is a double.
  absl::Status FillAs(v1::ParameterValue& value, const v1::Parameter& parent) {
    v1::Parameter type;
    type.set_name(parent.name());
    switch (parent.constant().kind_case()) {
      case v1::ParameterValue::kDoubleValue:
        type.mutable_double_();
        break;
      case v1::ParameterValue::kIntValue:
        type.mutable_integer();
        break;
      case v1::ParameterValue::kBoolValue:
        type.mutable_bool_();
        break;
      default:
        type.mutable_categorical();
    }
    return Fill(value, type);
  }

  absl::Status UnknownParent(const v1::Condition& condition) const {
    std::vector<std::string> names;
    for (const v1::Parameter& parameter : spec_.parameters()) names.push_back(parameter.name());
    std::string path = places_.untyped_values.at(&condition.values(0)).path;
    path = absl::StrCat(absl::StripSuffix(path, "values[0]"), "parent");
    const std::string nearest = Nearest(condition.parent(), names);
    const std::string hint = nearest.empty() ? "" : absl::StrCat("; did you mean \"", nearest, "\"?");
    return ErrorAt(file_, Line(path),
                   absl::StrCat(path, ": must be the name of a parameter of this file; got ",
                                Quoted(condition.parent(), 128), hint));
  }

  int Line(const std::string& path) const { return places_.lines.at(path); }

  const std::string& file_;
  v1::TuningJobSpec& spec_;
  const YamlPlaces& places_;
};

// The attempt runs in a directory of its own, where a path relative to the job file would mean nothing.
void ResolvePaths(const std::string& file, v1::TrialTemplate& trial) {
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  const auto resolve = [&](std::string& path) {
    if (!absl::StartsWith(path, "/")) path = (folder / path).lexically_normal().string();
  };
  if (trial.command_size() > 0 && absl::StrContains(trial.command(0), "/")) resolve(*trial.mutable_command(0));
  if (!trial.working_directory().empty()) resolve(*trial.mutable_working_directory());
}

// The line of `path`, or of the nearest field around it.
int LineAround(const FieldLines& lines, absl::string_view path) {
  while (true) {
    if (const auto found = lines.find(path); found != lines.end()) return found->second;
    const size_t end = path.find_last_of(".[");
    path = path.substr(0, end == absl::string_view::npos ? 0 : end);
  }
}

}  // namespace

absl::StatusOr<JobFile> ReadJobFile(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a folder; give a job file"));
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read: ", std::strerror(errno)));
  std::string text(kMaxBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read: ", std::strerror(errno)));
  text.resize(static_cast<size_t>(stream.gcount()));
  return ParseJobFile(path, text);
}

absl::StatusOr<JobFile> ParseJobFile(absl::string_view path, absl::string_view text) {
  if (text.size() > kMaxBytes) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is larger than 1 MiB; a job file is not for data"));
  }
  PEGBOX_ASSIGN_OR_RETURN(const YamlNode root, ParseYaml(path, text));
  JobFile file{.path = std::string(path)};
  YamlPlaces places;
  PEGBOX_RETURN_IF_ERROR(YamlToProto(path, root, file.spec, places));
  PEGBOX_RETURN_IF_ERROR(ValueTyper(file.path, file.spec, places).Run());
  file.lines = std::move(places.lines);
  if (file.spec.has_trial()) ResolvePaths(file.path, *file.spec.mutable_trial());
  return file;
}

absl::Status Locate(const JobFile& file, const absl::Status& status) {
  absl::string_view message = status.message();
  if (!absl::IsInvalidArgument(status) || !absl::ConsumePrefix(&message, "spec.")) return status;
  const absl::string_view path = message.substr(0, message.find(": "));
  return ErrorAt(file.path, LineAround(file.lines, path), message);
}

}  // namespace pegbox::cli
