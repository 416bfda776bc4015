#include "client/cli/yaml_scalar.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace pegbox::cli {
namespace {

absl::Status Rule(absl::string_view rule, const YamlNode& node) {
  return absl::InvalidArgumentError(absl::StrCat(rule, "; got ", Describe(node)));
}

bool IsPlain(const YamlNode& node) { return node.kind == YamlNode::Kind::kScalar && !node.is_quoted; }

bool HasOnly(absl::string_view text, absl::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == absl::string_view::npos;
}

// SimpleAtod alone would take "nan", "inf" and hexadecimal numbers.
bool IsDecimal(absl::string_view text) { return HasOnly(text, "0123456789+-.eE"); }
bool IsWhole(absl::string_view text) { return HasOnly(text, "0123456789+-"); }

// A quoted number is a text, and people wonder why.
absl::string_view QuoteHint(const YamlNode& node) { return node.is_quoted ? ", without quotes" : ""; }

}  // namespace

absl::StatusOr<double> ReadDouble(const YamlNode& node) {
  double value = 0;
  if (!IsPlain(node) || !IsDecimal(node.scalar) || !absl::SimpleAtod(node.scalar, &value) || !std::isfinite(value)) {
    return Rule(absl::StrCat("must be a finite number", QuoteHint(node)), node);
  }
  return value;
}

absl::StatusOr<int64_t> ReadInt64(const YamlNode& node) {
  int64_t value = 0;
  if (!IsPlain(node) || !IsWhole(node.scalar) || !absl::SimpleAtoi(node.scalar, &value)) {
    return Rule(absl::StrCat("must be a whole number of at most 64 bits", QuoteHint(node)), node);
  }
  return value;
}

absl::StatusOr<uint64_t> ReadUint64(const YamlNode& node) {
  uint64_t value = 0;
  if (!IsPlain(node) || !IsWhole(node.scalar) || !absl::SimpleAtoi(node.scalar, &value)) {
    return Rule(absl::StrCat("must be a whole number from 0 to 2^64 - 1", QuoteHint(node)), node);
  }
  return value;
}

absl::StatusOr<bool> ReadBool(const YamlNode& node) {
  if (IsPlain(node) && (node.scalar == "true" || node.scalar == "True" || node.scalar == "TRUE")) return true;
  if (IsPlain(node) && (node.scalar == "false" || node.scalar == "False" || node.scalar == "FALSE")) return false;
  return Rule(absl::StrCat("must be true or false", QuoteHint(node)), node);
}

absl::StatusOr<std::string> ReadText(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar) return node.scalar;
  return Rule("must be a text", node);
}

absl::StatusOr<absl::Duration> ReadDuration(const YamlNode& node) {
  absl::Duration duration;
  const bool is_duration = node.kind == YamlNode::Kind::kScalar && absl::ParseDuration(node.scalar, &duration);
  // ParseDuration takes a bare 0, which names no unit either.
  if (!is_duration || node.scalar == "0" || duration < absl::ZeroDuration() || duration == absl::InfiniteDuration()) {
    return Rule("must be a time with its unit, such as 90s, 5m or 1h30m", node);
  }
  return duration;
}

absl::StatusOr<v1::ParameterValue> ReadUntypedValue(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::kScalar) return Rule("must be a number, a text, true or false", node);
  v1::ParameterValue value;
  if (const absl::StatusOr<bool> flag = ReadBool(node); flag.ok()) {
    value.set_bool_value(*flag);
  } else if (IsPlain(node) && IsWhole(node.scalar)) {
    PEGBOX_ASSIGN_OR_RETURN(const int64_t number, ReadInt64(node));
    value.set_int_value(number);
  } else if (const absl::StatusOr<double> number = ReadDouble(node); number.ok()) {
    value.set_double_value(*number);
  } else {
    value.set_string_value(node.scalar);
  }
  return value;
}

}  // namespace pegbox::cli
