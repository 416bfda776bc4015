#include "server/store/json_value.h"

#include <cmath>
#include <cstdint>
#include <limits>

namespace pegbox {

Json JsonFromDouble(double value) {
  if (std::isfinite(value)) return value;
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}

double DoubleFromJson(const Json& json) {
  if (!json.is_string()) return json.get<double>();
  const std::string& text = json.get_ref<const std::string&>();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  throw JsonError(absl::StrCat("not a number: \"", text, "\""));
}

Json JsonFromDuration(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return "infinite";
  if (duration == -absl::InfiniteDuration()) return "-infinite";
  absl::Duration rest;
  const int64_t seconds = absl::IDivDuration(duration, absl::Seconds(1), &rest);
  return {{"seconds", seconds}, {"nanoseconds", absl::ToInt64Nanoseconds(rest)}};
}

absl::Duration DurationFromJson(const Json& json) {
  if (json == "infinite") return absl::InfiniteDuration();
  if (json == "-infinite") return -absl::InfiniteDuration();
  return absl::Seconds(json.at("seconds").get<int64_t>()) + absl::Nanoseconds(json.at("nanoseconds").get<int64_t>());
}

Json JsonFromValue(const ParameterValue& value) {
  if (const double* number = std::get_if<double>(&value)) return {{"double", JsonFromDouble(*number)}};
  if (const int64_t* integer = std::get_if<int64_t>(&value)) return {{"int64", *integer}};
  if (const bool* truth = std::get_if<bool>(&value)) return {{"bool", *truth}};
  return {{"string", std::get<std::string>(value)}};
}

ParameterValue ValueFromJson(const Json& json) {
  if (auto it = json.find("double"); it != json.end()) return DoubleFromJson(*it);
  if (auto it = json.find("int64"); it != json.end()) return it->get<int64_t>();
  if (auto it = json.find("bool"); it != json.end()) return it->get<bool>();
  return json.at("string").get<std::string>();
}

}  // namespace pegbox
