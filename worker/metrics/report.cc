#include "worker/metrics/report.h"

#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace pegbox::worker {
namespace {

using Json = nlohmann::json;

constexpr size_t kShownBytes = 80;

std::string Shown(absl::string_view text) {
  const bool is_cut = text.size() > kShownBytes;
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kShownBytes)), is_cut ? "..." : "", "\"");
}

std::string ShownJson(const Json& value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  if (text.size() > kShownBytes) text = text.substr(0, kShownBytes) + "...";
  return text;
}

struct SpecialValue {
  const char* text;
  double value;
};

// The longest first, where one opens with another.
constexpr std::array<SpecialValue, 3> kSpecialValues = {{
    {"-Infinity", -std::numeric_limits<double>::infinity()},
    {"Infinity", std::numeric_limits<double>::infinity()},
    {"NaN", std::numeric_limits<double>::quiet_NaN()},
}};

// Python's json.dumps writes NaN and Infinity bare, which JSON does not know: puts them in quotes.
std::string QuoteBareSpecialValues(absl::string_view text) {
  std::string quoted;
  quoted.reserve(text.size() + 16);
  bool is_in_string = false;
  for (size_t i = 0; i < text.size();) {
    absl::string_view token = text.substr(i, 1);
    if (is_in_string) {
      if (text[i] == '\\') token = text.substr(i, 2);
      if (text[i] == '"') is_in_string = false;
      absl::StrAppend(&quoted, token);
      i += token.size();
      continue;
    }
    if (text[i] == '"') is_in_string = true;
    bool is_special = false;
    for (const SpecialValue& special : kSpecialValues) {
      if (!absl::StartsWith(text.substr(i), special.text)) continue;
      token = special.text;
      is_special = true;
      break;
    }
    absl::StrAppend(&quoted, is_special ? "\"" : "", token, is_special ? "\"" : "");
    i += token.size();
  }
  return quoted;
}

absl::StatusOr<Json> ParseJson(absl::string_view line) {
  Json json;
  try {
    const std::string text = QuoteBareSpecialValues(line);
    json = Json::parse(text.begin(), text.end());
  } catch (const nlohmann::json::exception&) {
    json = Json();
  }
  if (json.is_object()) return json;
  return absl::InvalidArgumentError(
      absl::StrCat("report: must be one JSON object on one line, such as {\"step\": 3, \"metrics\": "
                   "{\"validation:accuracy\": 0.91}}; got ",
                   Shown(line)));
}

absl::StatusOr<int64_t> ParseStep(const Json& report) {
  const auto found = report.find("step");
  if (found == report.end()) {
    return absl::InvalidArgumentError("step: is required, an integer from 0 to 2^53; the report has none");
  }
  const bool is_in_range = found->is_number_unsigned() && found->get<uint64_t>() <= static_cast<uint64_t>(kMaxStep);
  if (!is_in_range) {
    return absl::InvalidArgumentError(absl::StrCat("step: must be an integer from 0 to 2^53; got ", ShownJson(*found)));
  }
  return found->get<int64_t>();
}

absl::StatusOr<double> ParseValue(absl::string_view metric, const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) {
    for (const SpecialValue& special : kSpecialValues) {
      if (value.get_ref<const std::string&>() == special.text) return special.value;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "metrics[\"", metric, "\"]: must be a number, \"NaN\", \"Infinity\" or \"-Infinity\"; got ", ShownJson(value)));
}

absl::Status ParseMetrics(const Json& report, Report& parsed) {
  const auto found = report.find("metrics");
  if (found == report.end()) return absl::OkStatus();
  if (!found->is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat("metrics: must be an object of metric name and value; got ", ShownJson(*found)));
  }
  if (found->size() > kMaxMetricsPerReport) {
    return absl::InvalidArgumentError(absl::StrCat("metrics: at most ", kMaxMetricsPerReport, " in one report; got ",
                                                   found->size(),
                                                   "; send the others in a second report of the same step"));
  }
  for (const auto& [name, value] : found->items()) {
    PEGBOX_RETURN_IF_ERROR(ValidateMetricName("metrics", name));
    PEGBOX_ASSIGN_OR_RETURN(const double number, ParseValue(name, value));
    parsed.measurements.push_back({name, parsed.step, number});
  }
  return absl::OkStatus();
}

absl::Status ParseCheckpoint(const Json& report, Report& parsed) {
  const auto found = report.find("checkpoint");
  if (found == report.end()) return absl::OkStatus();
  if (!found->is_boolean()) {
    return absl::InvalidArgumentError(absl::StrCat("checkpoint: must be true or false; got ", ShownJson(*found)));
  }
  parsed.checkpoint = found->get<bool>();
  return absl::OkStatus();
}

absl::Status CheckKeys(const Json& report) {
  for (const auto& [key, value] : report.items()) {
    if (key == "step" || key == "metrics" || key == "checkpoint") continue;
    return absl::InvalidArgumentError(
        absl::StrCat("report: unknown key ", Shown(key), "; the keys are step, metrics and checkpoint"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Report> ParseReportLine(absl::string_view json_line) {
  if (json_line.size() > kMaxReportLineBytes) {
    return absl::InvalidArgumentError(absl::StrCat("report: a line has at most ", kMaxReportLineBytes,
                                                   " bytes; split the report into several of the same step"));
  }
  PEGBOX_ASSIGN_OR_RETURN(const Json json, ParseJson(json_line));
  PEGBOX_RETURN_IF_ERROR(CheckKeys(json));
  Report report;
  PEGBOX_ASSIGN_OR_RETURN(report.step, ParseStep(json));
  PEGBOX_RETURN_IF_ERROR(ParseMetrics(json, report));
  PEGBOX_RETURN_IF_ERROR(ParseCheckpoint(json, report));
  if (report.empty()) {
    return absl::InvalidArgumentError("report: says nothing; give at least one of metrics or \"checkpoint\": true");
  }
  return report;
}

absl::Status ValidateMetricName(absl::string_view field, absl::string_view name) {
  bool is_valid = !name.empty() && name.size() <= kMaxMetricNameBytes;
  for (const char c : name) is_valid = is_valid && (absl::ascii_isalnum(c) || absl::StrContains("_.:/-", c));
  if (is_valid) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, ": a metric's name has 1 to ", kMaxMetricNameBytes,
                                                 " characters of [A-Za-z0-9_.:/-]; got ", Shown(name)));
}

}  // namespace pegbox::worker
