#include "server/domain/parameter.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace pegbox {
namespace {

std::string DoubleToString(double value) {
  constexpr double kSmallestFixed = 1e-4;
  constexpr double kLargestFixed = 1e16;
  const double magnitude = std::fabs(value);
  const bool is_fixed = magnitude == 0 || (magnitude >= kSmallestFixed && magnitude < kLargestFixed);
  char buffer[64];
  const auto format = is_fixed ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value, format).ptr;
  std::string text(buffer, end);
  const size_t exponent = text.find('e');
  if (is_fixed || exponent == std::string::npos) return text;  // "nan" and "inf" have no exponent
  // 1e-06 -> 1e-6, 1e+20 -> 1e20
  if (text[exponent + 1] == '+') text.erase(exponent + 1, 1);
  const size_t digits = exponent + (text[exponent + 1] == '-' ? 2 : 1);
  if (text[digits] == '0') text.erase(digits, 1);
  return text;
}

struct ValuePrinter {
  std::string operator()(double value) const { return DoubleToString(value); }
  std::string operator()(int64_t value) const { return absl::StrCat(value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
};

struct ContainsValue {
  const ParameterValue& value;

  bool operator()(const DoubleDomain& domain) const {
    const double* number = std::get_if<double>(&value);
    if (number == nullptr) return false;
    return (*number >= domain.min && *number <= domain.max) || (domain.include_zero && *number == 0);
  }
  bool operator()(const IntegerDomain& domain) const {
    const int64_t* number = std::get_if<int64_t>(&value);
    return number != nullptr && *number >= domain.min && *number <= domain.max;
  }
  bool operator()(const DiscreteDomain& domain) const {
    const double* number = std::get_if<double>(&value);
    if (number == nullptr) return false;
    const auto place = std::lower_bound(domain.values.begin(), domain.values.end(), *number);
    return place != domain.values.end() && *place == *number;  // never so for NaN
  }
  bool operator()(const CategoricalDomain& domain) const {
    const std::string* text = std::get_if<std::string>(&value);
    return text != nullptr && std::find(domain.values.begin(), domain.values.end(), *text) != domain.values.end();
  }
  bool operator()(const BoolDomain&) const { return std::holds_alternative<bool>(value); }
  bool operator()(const ConstantDomain& domain) const { return value == domain.value; }
};

}  // namespace

std::string ToString(const ParameterValue& value) { return std::visit(ValuePrinter{}, value); }

bool Contains(const ParameterDomain& domain, const ParameterValue& value) {
  return std::visit(ContainsValue{value}, domain);
}

}  // namespace pegbox
