#include <cstdint>
#include <utility>

#include "server/store/json_codec.h"
#include "server/store/json_value.h"

namespace pegbox {
namespace {

template <typename Values>
Json JsonFromValues(const Values& values) {
  Json json = Json::array();
  for (const ParameterValue& value : values) json.push_back(JsonFromValue(value));
  return json;
}

struct DomainEncoder {
  Json operator()(const DoubleDomain& domain) const {
    Json json = {{"kind", "double"},
                 {"min", JsonFromDouble(domain.min)},
                 {"max", JsonFromDouble(domain.max)},
                 {"scale", StoredName(domain.scale)}};
    if (domain.include_zero) json["include_zero"] = true;
    return json;
  }
  Json operator()(const IntegerDomain& domain) const {
    return {{"kind", "integer"}, {"min", domain.min}, {"max", domain.max}, {"scale", StoredName(domain.scale)}};
  }
  Json operator()(const DiscreteDomain& domain) const {
    Json values = Json::array();
    for (double value : domain.values) values.push_back(JsonFromDouble(value));
    return {{"kind", "discrete"}, {"values", std::move(values)}};
  }
  Json operator()(const CategoricalDomain& domain) const {
    return {{"kind", "categorical"}, {"values", Json(domain.values)}};
  }
  Json operator()(const BoolDomain&) const { return {{"kind", "bool"}}; }
  Json operator()(const ConstantDomain& domain) const {
    return {{"kind", "constant"}, {"value", JsonFromValue(domain.value)}};
  }
};

ParameterDomain DomainFromJson(const Json& json) {
  const std::string& kind = json.at("kind").get_ref<const std::string&>();
  if (kind == "double") {
    DoubleDomain domain{DoubleFromJson(json.at("min")), DoubleFromJson(json.at("max")),
                        EnumFromJson<Scale>(json.at("scale"))};
    ReadField(json, "include_zero", domain.include_zero);
    return domain;
  }
  if (kind == "integer") {
    return IntegerDomain{json.at("min").get<int64_t>(), json.at("max").get<int64_t>(),
                         EnumFromJson<Scale>(json.at("scale"))};
  }
  if (kind == "discrete") {
    DiscreteDomain domain;
    for (const Json& value : json.at("values")) domain.values.push_back(DoubleFromJson(value));
    return domain;
  }
  if (kind == "categorical") return CategoricalDomain{json.at("values").get<std::vector<std::string>>()};
  if (kind == "bool") return BoolDomain{};
  if (kind == "constant") return ConstantDomain{ValueFromJson(json.at("value"))};
  throw JsonError(absl::StrCat("unknown kind of parameter \"", kind, "\""));
}

Json JsonFromParameter(const Parameter& parameter) {
  Json json = {{"name", parameter.name}, {"domain", std::visit(DomainEncoder{}, parameter.domain)}};
  if (parameter.default_value) json["default"] = JsonFromValue(*parameter.default_value);
  if (parameter.condition) {
    json["condition"] = {{"parent", parameter.condition->parent},
                         {"values", JsonFromValues(parameter.condition->values)}};
  }
  return json;
}

Parameter ParameterFromJson(const Json& json) {
  Parameter parameter{.name = json.at("name").get<std::string>(), .domain = DomainFromJson(json.at("domain"))};
  if (auto it = json.find("default"); it != json.end()) parameter.default_value = ValueFromJson(*it);
  if (auto it = json.find("condition"); it != json.end()) {
    Condition condition;
    it->at("parent").get_to(condition.parent);
    for (const Json& value : it->at("values")) condition.values.push_back(ValueFromJson(value));
    parameter.condition = std::move(condition);
  }
  return parameter;
}

Json JsonFromObjective(const Objective& objective) {
  Json json = {
      {"metric", objective.metric}, {"goal", StoredName(objective.goal)}, {"scope", StoredName(objective.scope)}};
  if (objective.target) json["target"] = JsonFromDouble(*objective.target);
  return json;
}

Objective ObjectiveFromJson(const Json& json) {
  Objective objective;
  json.at("metric").get_to(objective.metric);
  objective.goal = EnumFromJson<Goal>(json.at("goal"));
  objective.scope = EnumFromJson<ObjectiveScope>(json.at("scope"));
  if (auto it = json.find("target"); it != json.end()) objective.target = DoubleFromJson(*it);
  return objective;
}

struct RuleEncoder {
  Json operator()(const MedianRule& rule) const {
    return {{"kind", "median"}, {"min_completed_trials", rule.min_completed_trials}, {"min_steps", rule.min_steps}};
  }
  Json operator()(const PatienceRule& rule) const {
    return {{"kind", "patience"},
            {"patience", rule.patience},
            {"min_delta", JsonFromDouble(rule.min_delta)},
            {"min_steps", rule.min_steps}};
  }
};

StoppingRule RuleFromJson(const Json& json) {
  const std::string& kind = json.at("kind").get_ref<const std::string&>();
  if (kind == "median") {
    MedianRule rule;
    ReadField(json, "min_completed_trials", rule.min_completed_trials);
    ReadField(json, "min_steps", rule.min_steps);
    return rule;
  }
  if (kind == "patience") {
    PatienceRule rule;
    ReadField(json, "patience", rule.patience);
    ReadField(json, "min_steps", rule.min_steps);
    rule.min_delta = DoubleFromJson(json.at("min_delta"));
    return rule;
  }
  throw JsonError(absl::StrCat("unknown kind of stopping rule \"", kind, "\""));
}

Json JsonFromTemplate(const TrialTemplate& trial) {
  Json definitions = Json::array();
  for (const MetricDefinition& definition : trial.metric_definitions) {
    definitions.push_back({{"name", definition.name}, {"regex", definition.regex}});
  }
  return {{"command", Json(trial.command)},
          {"environment", Json(trial.environment)},
          {"working_directory", trial.working_directory},
          {"metric_definitions", std::move(definitions)},
          {"grace_period", JsonFromDuration(trial.grace_period)},
          {"max_runtime", JsonFromDuration(trial.max_runtime)}};
}

TrialTemplate TemplateFromJson(const Json& json) {
  TrialTemplate trial;
  json.at("command").get_to(trial.command);
  ReadField(json, "environment", trial.environment);
  ReadField(json, "working_directory", trial.working_directory);
  for (const Json& definition : json.at("metric_definitions")) {
    trial.metric_definitions.push_back(
        {definition.at("name").get<std::string>(), definition.at("regex").get<std::string>()});
  }
  trial.grace_period = DurationFromJson(json.at("grace_period"));
  trial.max_runtime = DurationFromJson(json.at("max_runtime"));
  return trial;
}

SearchSpace SearchSpaceFromJson(const Json& json) {
  std::vector<Parameter> parameters;
  for (const Json& parameter : json) parameters.push_back(ParameterFromJson(parameter));
  if (parameters.empty()) return SearchSpace();
  absl::StatusOr<SearchSpace> space = SearchSpace::Create(std::move(parameters));
  if (!space.ok()) throw JsonError(std::string(space.status().message()));
  return *std::move(space);
}

TuningJobSpec SpecFromJson(const Json& json) {
  TuningJobSpec spec;
  ReadField(json, "display_name", spec.display_name);
  spec.objective = ObjectiveFromJson(json.at("objective"));
  spec.search_space = SearchSpaceFromJson(json.at("parameters"));
  json.at("max_jobs").get_to(spec.max_jobs);
  json.at("max_parallel_jobs").get_to(spec.max_parallel_jobs);
  spec.max_runtime = DurationFromJson(json.at("max_runtime"));
  spec.strategy.algorithm = EnumFromJson<Algorithm>(json.at("algorithm"));
  if (auto it = json.find("seed"); it != json.end()) spec.strategy.seed = it->get<uint64_t>();
  for (const Json& rule : json.at("early_stopping")) spec.early_stopping.push_back(RuleFromJson(rule));
  if (auto it = json.find("trial"); it != json.end()) spec.trial = TemplateFromJson(*it);
  ReadField(json, "max_consecutive_failures", spec.max_consecutive_failures);
  return spec;
}

}  // namespace

std::string EncodeSpec(const TuningJobSpec& spec) {
  Json parameters = Json::array();
  for (const Parameter& parameter : spec.search_space.parameters()) {
    parameters.push_back(JsonFromParameter(parameter));
  }
  Json rules = Json::array();
  for (const StoppingRule& rule : spec.early_stopping) rules.push_back(std::visit(RuleEncoder{}, rule));
  Json json = {{"display_name", spec.display_name},
               {"objective", JsonFromObjective(spec.objective)},
               {"parameters", std::move(parameters)},
               {"max_jobs", spec.max_jobs},
               {"max_parallel_jobs", spec.max_parallel_jobs},
               {"max_runtime", JsonFromDuration(spec.max_runtime)},
               {"algorithm", StoredName(spec.strategy.algorithm)},
               {"early_stopping", std::move(rules)},
               {"max_consecutive_failures", spec.max_consecutive_failures}};
  if (spec.trial) json["trial"] = JsonFromTemplate(*spec.trial);
  if (spec.strategy.seed) json["seed"] = *spec.strategy.seed;
  return JsonText(json);
}

absl::StatusOr<TuningJobSpec> DecodeSpec(absl::string_view text) {
  return DecodeJson("job specification", text, SpecFromJson);
}

}  // namespace pegbox
