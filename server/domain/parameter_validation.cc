#include "server/domain/parameter_validation.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"

namespace pegbox {
namespace {

bool IsFirstNameCharacter(char c) { return absl::ascii_isalpha(static_cast<unsigned char>(c)) || c == '_'; }

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
}

absl::Status ValidateName(absl::string_view name, absl::string_view field) {
  const bool is_valid = !name.empty() && name.size() <= kMaxNameLength && IsFirstNameCharacter(name[0]) &&
                        std::all_of(name.begin(), name.end(), IsNameCharacter);
  if (is_valid) return absl::OkStatus();
  return InvalidArgument(field, "must be 1 to 128 characters of A-Z a-z 0-9 _ . -, the first a letter or _",
                         Quoted(name), "rename the parameter");
}

absl::Status ValidateFinite(double value, absl::string_view field) {
  if (std::isfinite(value)) return absl::OkStatus();
  return InvalidArgument(field, "must be finite", ToString(value), "write a number");
}

absl::Status ValidateText(absl::string_view text, absl::string_view field) {
  if (text.size() > kMaxTextBytes) {
    return InvalidArgument(field, "must be at most 4,096 bytes", absl::StrCat(text.size(), " bytes"),
                           "put long texts in a file and choose among its names");
  }
  if (text.find('\0') != absl::string_view::npos) {
    return InvalidArgument(field, "must not contain a NUL byte", Quoted(text),
                           "remove it: no argument of a command can carry one");
  }
  return absl::OkStatus();
}

struct DomainRules {
  absl::string_view field;

  absl::Status operator()(const DoubleDomain& domain) const {
    const std::string min = absl::StrCat(field, ".min"), max = absl::StrCat(field, ".max");
    PEGBOX_RETURN_IF_ERROR(ValidateFinite(domain.min, min));
    PEGBOX_RETURN_IF_ERROR(ValidateFinite(domain.max, max));
    if (domain.scale != Scale::kLinear && domain.min <= 0) {
      return InvalidArgument(min,
                             absl::StrCat("must be above 0 for ", domain.scale == Scale::kLog ? "LOG" : "REVERSE_LOG"),
                             ToString(domain.min), "use LINEAR or a positive min");
    }
    if (domain.include_zero && domain.scale != Scale::kLog) {
      return InvalidArgument(absl::StrCat(field, ".include_zero"), "must be false without LOG", "true",
                             "use LOG, or a min of 0");
    }
    if (domain.max <= domain.min) return NotAbove(max, ToString(domain.min), ToString(domain.max));
    if (!std::isfinite(domain.max - domain.min)) {
      return InvalidArgument(max, "max - min must be finite",
                             absl::StrCat(ToString(domain.min), " to ", ToString(domain.max)), "narrow the range");
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const IntegerDomain& domain) const {
    const std::string min = absl::StrCat(field, ".min"), max = absl::StrCat(field, ".max");
    PEGBOX_RETURN_IF_ERROR(WithinIntegers(domain.min, min));
    PEGBOX_RETURN_IF_ERROR(WithinIntegers(domain.max, max));
    if (domain.scale == Scale::kReverseLog) {
      return InvalidArgument(absl::StrCat(field, ".scale"), "must be LINEAR or LOG for integers", "REVERSE_LOG",
                             "use one of them, or a double");
    }
    if (domain.scale == Scale::kLog && domain.min <= 0) {
      return InvalidArgument(min, "must be above 0 for LOG", absl::StrCat(domain.min), "use LINEAR or a positive min");
    }
    if (domain.max <= domain.min) return NotAbove(max, absl::StrCat(domain.min), absl::StrCat(domain.max));
    return absl::OkStatus();
  }

  absl::Status operator()(const DiscreteDomain& domain) const {
    PEGBOX_RETURN_IF_ERROR(ValidateCount(domain.values.size()));
    for (size_t i = 0; i < domain.values.size(); ++i) {
      const std::string place = absl::StrCat(field, ".values[", i, "]");
      PEGBOX_RETURN_IF_ERROR(ValidateFinite(domain.values[i], place));
      if (i > 0 && domain.values[i] <= domain.values[i - 1]) {
        return InvalidArgument(place,
                               absl::StrCat("must be above the value before it, ", ToString(domain.values[i - 1])),
                               ToString(domain.values[i]), "list the values ascending, each once");
      }
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const CategoricalDomain& domain) const {
    PEGBOX_RETURN_IF_ERROR(ValidateCount(domain.values.size()));
    std::set<absl::string_view> seen;
    for (size_t i = 0; i < domain.values.size(); ++i) {
      const std::string place = absl::StrCat(field, ".values[", i, "]");
      PEGBOX_RETURN_IF_ERROR(ValidateText(domain.values[i], place));
      if (domain.values[i].empty()) {
        return InvalidArgument(place, "must not be empty", Quoted(""), "name the choice, such as \"none\"");
      }
      if (!seen.insert(domain.values[i]).second) {
        return InvalidArgument(place, "must differ from the values before it", Quoted(domain.values[i]),
                               "list each value once");
      }
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const BoolDomain&) const { return absl::OkStatus(); }

  absl::Status operator()(const ConstantDomain& domain) const {
    if (const double* number = std::get_if<double>(&domain.value)) return ValidateFinite(*number, field);
    if (const std::string* text = std::get_if<std::string>(&domain.value)) return ValidateText(*text, field);
    return absl::OkStatus();
  }

 private:
  static absl::Status NotAbove(absl::string_view max_field, absl::string_view min, absl::string_view max) {
    return InvalidArgument(max_field, absl::StrCat("must be above min, ", min), max,
                           "swap them, or use a constant for a single value");
  }

  static absl::Status WithinIntegers(int64_t value, absl::string_view place) {
    if (value >= -kMaxInteger && value <= kMaxInteger) return absl::OkStatus();
    return InvalidArgument(place, "must be within -2^53 to 2^53", absl::StrCat(value), "narrow the range");
  }

  absl::Status ValidateCount(size_t count) const {
    if (count >= 2 && count <= kMaxListedValues) return absl::OkStatus();
    return InvalidArgument(absl::StrCat(field, ".values"), "must be 2 to 1,024 values", absl::StrCat(count),
                           count < 2 ? "add values, or use a constant" : "use fewer values, or a range");
  }
};

struct ValuesInWords {
  std::string operator()(const DoubleDomain& domain) const {
    return absl::StrCat(domain.include_zero ? "0, or " : "", ToString(domain.min), " to ", ToString(domain.max));
  }
  std::string operator()(const IntegerDomain& domain) const {
    return absl::StrCat("an integer from ", domain.min, " to ", domain.max);
  }
  std::string operator()(const DiscreteDomain& domain) const {
    return List(domain.values, [](std::string* out, double value) { out->append(ToString(value)); });
  }
  std::string operator()(const CategoricalDomain& domain) const {
    return List(domain.values, [](std::string* out, const std::string& value) { out->append(Quoted(value)); });
  }
  std::string operator()(const BoolDomain&) const { return "true or false"; }
  std::string operator()(const ConstantDomain& domain) const { return Describe(domain.value); }

 private:
  template <typename Values, typename Formatter>
  static std::string List(const Values& values, Formatter formatter) {
    constexpr size_t kMaxShown = 8;
    const size_t shown = std::min(values.size(), kMaxShown);
    const std::string text = absl::StrJoin(values.begin(), values.begin() + shown, ", ", formatter);
    return absl::StrCat("one of ", text, shown < values.size() ? ", ..." : "");
  }
};

}  // namespace

absl::string_view KindOf(const ParameterDomain& domain) {
  // In the order of ParameterDomain's alternatives.
  static constexpr absl::string_view kKinds[] = {"double", "integer", "discrete", "categorical", "bool", "constant"};
  static_assert(std::variant_size_v<ParameterDomain> == std::size(kKinds));
  return kKinds[domain.index()];
}

absl::Status ValidateParameter(const Parameter& parameter, absl::string_view field) {
  PEGBOX_RETURN_IF_ERROR(ValidateName(parameter.name, absl::StrCat(field, ".name")));
  const std::string domain_field = absl::StrCat(field, ".", KindOf(parameter.domain));
  PEGBOX_RETURN_IF_ERROR(std::visit(DomainRules{domain_field}, parameter.domain));
  if (parameter.default_value.has_value() && !Contains(parameter.domain, *parameter.default_value)) {
    return InvalidArgument(absl::StrCat(field, ".default"), absl::StrCat("must be ", DescribeValues(parameter.domain)),
                           Describe(*parameter.default_value), "choose one of these, or leave it out");
  }
  if (!parameter.condition.has_value()) return absl::OkStatus();
  const size_t count = parameter.condition->values.size();
  if (count >= 1 && count <= kMaxListedValues) return absl::OkStatus();
  return InvalidArgument(absl::StrCat(field, ".condition.values"), "must be 1 to 1,024 values", absl::StrCat(count),
                         "name the parent's values for which the parameter is active");
}

std::string DescribeValues(const ParameterDomain& domain) { return std::visit(ValuesInWords{}, domain); }

std::string Describe(const ParameterValue& value) {
  if (const int64_t* number = std::get_if<int64_t>(&value)) return absl::StrCat(*number, " (an integer)");
  if (const double* number = std::get_if<double>(&value)) return absl::StrCat(ToString(*number), " (a double)");
  if (const std::string* text = std::get_if<std::string>(&value)) return Quoted(*text);
  return ToString(value);
}

}  // namespace pegbox
