// The search problems for programs in other languages: one JSON object a line in, one out.
//   {"op": "list"}
//     -> {"problems": [{"name": "branin", "set": "tuning", "space": [{"name": "x0", "kind": "double", "min": -5, "max":
//         10, "scale": "linear"}, ...]}, ...]}
//   {"op": "evaluate", "problem": "branin", "seed": 0, "trial": 1, "parameters": {"x0": 1.5, "x1": 2}}
//     -> {"value": 21.6, "gap": 21.2}    value: as reported, with noise, null when the trial fails; gap: without noise
//   anything else -> {"error": "..."}
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "nlohmann/json.hpp"
#include "tests/benchmarks/problems/search_problem.h"

namespace pegbox {
namespace {

using Json = nlohmann::json;

Json ToJson(const ParameterValue& value) {
  return std::visit([](const auto& v) { return Json(v); }, value);
}

const char* Name(Scale scale) {
  return scale == Scale::kLog ? "log" : scale == Scale::kReverseLog ? "reverse_log" : "linear";
}

Json DomainToJson(const ParameterDomain& domain) {
  return std::visit(
      [](const auto& d) -> Json {
        using Domain = std::decay_t<decltype(d)>;
        if constexpr (std::is_same_v<Domain, DoubleDomain>) {
          return {{"kind", "double"}, {"min", d.min}, {"max", d.max}, {"scale", Name(d.scale)}};
        } else if constexpr (std::is_same_v<Domain, IntegerDomain>) {
          return {{"kind", "integer"}, {"min", d.min}, {"max", d.max}, {"scale", Name(d.scale)}};
        } else if constexpr (std::is_same_v<Domain, DiscreteDomain>) {
          return {{"kind", "discrete"}, {"values", d.values}};
        } else if constexpr (std::is_same_v<Domain, CategoricalDomain>) {
          return {{"kind", "categorical"}, {"values", d.values}};
        } else if constexpr (std::is_same_v<Domain, BoolDomain>) {
          return {{"kind", "bool"}};
        } else {
          return {{"kind", "constant"}, {"value", ToJson(d.value)}};
        }
      },
      domain);
}

Json ToJson(const SearchSpace& space) {
  Json parameters = Json::array();
  for (const Parameter& parameter : space.parameters()) {
    Json json = DomainToJson(parameter.domain);
    json["name"] = parameter.name;
    if (parameter.condition) {
      Json values = Json::array();
      for (const ParameterValue& value : parameter.condition->values) values.push_back(ToJson(value));
      json["condition"] = {{"parent", parameter.condition->parent}, {"values", values}};
    }
    parameters.push_back(std::move(json));
  }
  return parameters;
}

Json List() {
  Json problems = Json::array();
  const auto add = [&](const char* set, const std::vector<SearchProblemFamily>& families) {
    for (const SearchProblemFamily& family : families) {
      problems.push_back({{"name", family.name}, {"set", set}, {"space", ToJson(family.make(0).space)}});
    }
  };
  add("tuning", TuningProblems());
  add("held-out", HeldOutProblems());
  add("failing", FailingProblems());
  return {{"problems", problems}};
}

// A JSON number without a point is the double or the integer that the parameter asks for.
ParameterValue ValueFrom(const Parameter& parameter, const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_string()) return json.get<std::string>();
  if (std::holds_alternative<IntegerDomain>(parameter.domain)) return json.get<int64_t>();
  return json.get<double>();
}

Json Evaluate(const Json& request) {
  const auto name = request.at("problem").get<std::string>();
  const auto seed = request.at("seed").get<uint64_t>();
  static auto* const problems = new std::map<std::pair<std::string, uint64_t>, SearchProblem>;
  auto found = problems->find({name, seed});
  if (found == problems->end()) {
    const SearchProblemFamily* family = FindProblem(name);
    if (family == nullptr) return {{"error", "problem: there is none called " + name}};
    found = problems->emplace(std::pair(name, seed), family->make(seed)).first;
  }
  const SearchProblem& problem = found->second;
  Assignment assignment;
  for (const auto& [parameter, value] : request.at("parameters").items()) {
    const auto place = problem.space.Find(parameter);
    if (!place) return {{"error", "parameters." + parameter + ": the space has no such parameter"}};
    assignment[parameter] = ValueFrom(problem.space.parameters()[*place], value);
  }
  if (const absl::Status status = problem.space.Validate(assignment); !status.ok()) {
    return {{"error", std::string(status.message())}};
  }
  const auto value = Report(problem, seed, request.at("trial").get<int64_t>(), assignment);
  return {{"value", value ? Json(*value) : Json()}, {"gap", problem.evaluate(assignment) - problem.optimum}};
}

Json Answer(const std::string& line) try {
  const Json request = Json::parse(line);
  const auto op = request.at("op").get<std::string>();
  if (op == "list") return List();
  if (op == "evaluate") return Evaluate(request);
  return {{"error", "op: must be list or evaluate, not " + op}};
} catch (const std::exception& error) {
  return {{"error", error.what()}};
}

}  // namespace
}  // namespace pegbox

int main() {
  std::string line;
  while (std::getline(std::cin, line)) std::cout << pegbox::Answer(line).dump() << std::endl;
  return 0;
}
