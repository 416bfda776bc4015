#include "server/rpc/convert_search_space.h"

#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"
#include "server/rpc/convert_enum.h"

namespace pegbox {
namespace {

absl::StatusOr<Scale> FromProto(v1::Scale proto, absl::string_view field) {
  switch (proto) {
    case v1::SCALE_UNSPECIFIED:
    case v1::LINEAR:
      return Scale::kLinear;
    case v1::LOG:
      return Scale::kLog;
    case v1::REVERSE_LOG:
      return Scale::kReverseLog;
    default:
      return BadEnum(field, "LINEAR, LOG or REVERSE_LOG", proto);
  }
}

v1::Scale ToProto(Scale scale) {
  switch (scale) {
    case Scale::kLinear:
      return v1::LINEAR;
    case Scale::kLog:
      return v1::LOG;
    case Scale::kReverseLog:
      return v1::REVERSE_LOG;
  }
  return v1::SCALE_UNSPECIFIED;
}

absl::StatusOr<ParameterValue> FromProto(const v1::ParameterValue& proto, absl::string_view field) {
  switch (proto.kind_case()) {
    case v1::ParameterValue::kDoubleValue:
      return ParameterValue(proto.double_value());
    case v1::ParameterValue::kIntValue:
      return ParameterValue(static_cast<int64_t>(proto.int_value()));
    case v1::ParameterValue::kStringValue:
      return ParameterValue(proto.string_value());
    case v1::ParameterValue::kBoolValue:
      return ParameterValue(proto.bool_value());
    case v1::ParameterValue::KIND_NOT_SET:
      break;
  }
  return InvalidArgument(field, "must have a value", "none",
                         "set one of double_value, int_value, string_value, bool_value");
}

struct ValueToProto {
  v1::ParameterValue& proto;
  void operator()(double value) const { proto.set_double_value(value); }
  void operator()(int64_t value) const { proto.set_int_value(value); }
  void operator()(const std::string& value) const { proto.set_string_value(value); }
  void operator()(bool value) const { proto.set_bool_value(value); }
};

v1::ParameterValue ValueProto(const ParameterValue& value) {
  v1::ParameterValue proto;
  std::visit(ValueToProto{proto}, value);
  return proto;
}

absl::StatusOr<ParameterDomain> DomainFromProto(const v1::Parameter& proto, absl::string_view field) {
  const auto place = [field](absl::string_view name) { return absl::StrCat(field, ".", name); };
  switch (proto.domain_case()) {
    case v1::Parameter::kDouble: {
      const v1::DoubleRange& range = proto.double_();
      PEGBOX_ASSIGN_OR_RETURN(const Scale scale, FromProto(range.scale(), place("double.scale")));
      return DoubleDomain{.min = range.min(), .max = range.max(), .scale = scale, .include_zero = range.include_zero()};
    }
    case v1::Parameter::kInteger: {
      const v1::IntegerRange& range = proto.integer();
      PEGBOX_ASSIGN_OR_RETURN(const Scale scale, FromProto(range.scale(), place("integer.scale")));
      return IntegerDomain{.min = range.min(), .max = range.max(), .scale = scale};
    }
    case v1::Parameter::kDiscrete:
      return DiscreteDomain{{proto.discrete().values().begin(), proto.discrete().values().end()}};
    case v1::Parameter::kCategorical:
      return CategoricalDomain{{proto.categorical().values().begin(), proto.categorical().values().end()}};
    case v1::Parameter::kBool:
      return BoolDomain{};
    case v1::Parameter::kConstant: {
      PEGBOX_ASSIGN_OR_RETURN(ParameterValue value, FromProto(proto.constant(), place("constant")));
      return ConstantDomain{std::move(value)};
    }
    case v1::Parameter::DOMAIN_NOT_SET:
      break;
  }
  return InvalidArgument(field, "must have a domain", "none",
                         "set one of double, integer, discrete, categorical, bool, constant");
}

absl::StatusOr<Condition> FromProto(const v1::Condition& proto, absl::string_view field) {
  Condition condition = {.parent = proto.parent()};
  condition.values.reserve(proto.values_size());
  for (int i = 0; i < proto.values_size(); ++i) {
    PEGBOX_ASSIGN_OR_RETURN(ParameterValue value, FromProto(proto.values(i), absl::StrCat(field, ".values[", i, "]")));
    condition.values.push_back(std::move(value));
  }
  return condition;
}

absl::StatusOr<Parameter> FromProto(const v1::Parameter& proto, absl::string_view field) {
  Parameter parameter = {.name = proto.name()};
  PEGBOX_ASSIGN_OR_RETURN(parameter.domain, DomainFromProto(proto, field));
  if (proto.has_default_()) {
    PEGBOX_ASSIGN_OR_RETURN(parameter.default_value, FromProto(proto.default_(), absl::StrCat(field, ".default")));
  }
  if (proto.has_condition()) {
    PEGBOX_ASSIGN_OR_RETURN(parameter.condition, FromProto(proto.condition(), absl::StrCat(field, ".condition")));
  }
  return parameter;
}

struct DomainToProto {
  v1::Parameter& proto;

  void operator()(const DoubleDomain& domain) const {
    proto.mutable_double_()->set_min(domain.min);
    proto.mutable_double_()->set_max(domain.max);
    proto.mutable_double_()->set_scale(ToProto(domain.scale));
    proto.mutable_double_()->set_include_zero(domain.include_zero);
  }
  void operator()(const IntegerDomain& domain) const {
    proto.mutable_integer()->set_min(domain.min);
    proto.mutable_integer()->set_max(domain.max);
    proto.mutable_integer()->set_scale(ToProto(domain.scale));
  }
  void operator()(const DiscreteDomain& domain) const {
    proto.mutable_discrete()->mutable_values()->Add(domain.values.begin(), domain.values.end());
  }
  void operator()(const CategoricalDomain& domain) const {
    proto.mutable_categorical()->mutable_values()->Add(domain.values.begin(), domain.values.end());
  }
  void operator()(const BoolDomain&) const { proto.mutable_bool_(); }
  void operator()(const ConstantDomain& domain) const { *proto.mutable_constant() = ValueProto(domain.value); }
};

}  // namespace

absl::StatusOr<SearchSpace> FromProto(const google::protobuf::RepeatedPtrField<v1::Parameter>& protos,
                                      absl::string_view field) {
  std::vector<Parameter> parameters;
  parameters.reserve(protos.size());
  for (int i = 0; i < protos.size(); ++i) {
    PEGBOX_ASSIGN_OR_RETURN(Parameter parameter, FromProto(protos[i], absl::StrCat(field, "[", i, "]")));
    parameters.push_back(std::move(parameter));
  }
  return SearchSpace::Create(std::move(parameters), field);
}

v1::Parameter ToProto(const Parameter& parameter) {
  v1::Parameter proto;
  proto.set_name(parameter.name);
  std::visit(DomainToProto{proto}, parameter.domain);
  if (parameter.default_value.has_value()) *proto.mutable_default_() = ValueProto(*parameter.default_value);
  if (!parameter.condition.has_value()) return proto;
  proto.mutable_condition()->set_parent(parameter.condition->parent);
  for (const ParameterValue& value : parameter.condition->values) {
    *proto.mutable_condition()->add_values() = ValueProto(value);
  }
  return proto;
}

google::protobuf::Map<std::string, v1::ParameterValue> ToProto(const Assignment& assignment) {
  google::protobuf::Map<std::string, v1::ParameterValue> protos;
  for (const auto& [name, value] : assignment) protos[name] = ValueProto(value);
  return protos;
}

}  // namespace pegbox
