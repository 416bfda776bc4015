// One hyperparameter: its name, the values that it may take, and when it is active. Plain values, checked by
// SearchSpace.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"

namespace pegbox {

using ParameterValue = std::variant<double, int64_t, std::string, bool>;

// The values of the active parameters of one trial, by name.
using Assignment = std::map<std::string, ParameterValue>;

enum class Scale { kLinear, kLog, kReverseLog };

struct DoubleDomain {
  double min = 0;
  double max = 0;
  Scale scale = Scale::kLinear;
  bool include_zero = false;  // with kLog: 0 is a value too, besides min to max
  friend bool operator==(const DoubleDomain&, const DoubleDomain&) = default;
};

struct IntegerDomain {
  int64_t min = 0;
  int64_t max = 0;
  Scale scale = Scale::kLinear;
  friend bool operator==(const IntegerDomain&, const IntegerDomain&) = default;
};

// Ordered numbers, ascending. Their values are doubles.
struct DiscreteDomain {
  std::vector<double> values;
  friend bool operator==(const DiscreteDomain&, const DiscreteDomain&) = default;
};

// Unordered texts.
struct CategoricalDomain {
  std::vector<std::string> values;
  friend bool operator==(const CategoricalDomain&, const CategoricalDomain&) = default;
};

struct BoolDomain {
  friend bool operator==(const BoolDomain&, const BoolDomain&) = default;
};

struct ConstantDomain {
  ParameterValue value;
  friend bool operator==(const ConstantDomain&, const ConstantDomain&) = default;
};

using ParameterDomain =
    std::variant<DoubleDomain, IntegerDomain, DiscreteDomain, CategoricalDomain, BoolDomain, ConstantDomain>;

// Active only when `parent` is active and has one of `values`.
struct Condition {
  std::string parent;
  std::vector<ParameterValue> values;
  friend bool operator==(const Condition&, const Condition&) = default;
};

struct Parameter {
  std::string name;
  ParameterDomain domain;
  std::optional<ParameterValue> default_value;
  std::optional<Condition> condition;
  friend bool operator==(const Parameter&, const Parameter&) = default;
};

// As people write it: 0.001, 3, adam, true. Doubles in their shortest form that reads back the same.
std::string ToString(const ParameterValue& value);

// True when the domain, by its type and limits, has the value.
bool Contains(const ParameterDomain& domain, const ParameterValue& value);

}  // namespace pegbox
