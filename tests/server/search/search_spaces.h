// Search spaces for the tests of the search.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "server/domain/search_space.h"

namespace pegbox {

inline SearchSpace MakeSpace(std::vector<Parameter> parameters) {
  absl::StatusOr<SearchSpace> space = SearchSpace::Create(std::move(parameters));
  EXPECT_TRUE(space.ok()) << space.status();
  return *std::move(space);
}

inline Parameter Double(std::string name, double min, double max, Scale scale = Scale::kLinear) {
  return {.name = std::move(name), .domain = DoubleDomain{min, max, scale}};
}

// 0, or min to max on a logarithmic scale.
inline Parameter ZeroOrLog(std::string name, double min, double max) {
  return {.name = std::move(name), .domain = DoubleDomain{min, max, Scale::kLog, true}};
}

inline Parameter Integer(std::string name, int64_t min, int64_t max, Scale scale = Scale::kLinear) {
  return {.name = std::move(name), .domain = IntegerDomain{min, max, scale}};
}

inline Parameter Discrete(std::string name, std::vector<double> values) {
  return {.name = std::move(name), .domain = DiscreteDomain{std::move(values)}};
}

inline Parameter Categorical(std::string name, std::vector<std::string> values) {
  return {.name = std::move(name), .domain = CategoricalDomain{std::move(values)}};
}

inline Parameter Bool(std::string name) { return {.name = std::move(name), .domain = BoolDomain{}}; }

inline Parameter Constant(std::string name, ParameterValue value) {
  return {.name = std::move(name), .domain = ConstantDomain{std::move(value)}};
}

inline Parameter When(Parameter parameter, std::string parent, std::vector<ParameterValue> values) {
  parameter.condition = Condition{std::move(parent), std::move(values)};
  return parameter;
}

// One of each kind and scale, with conditions two deep and through a constant.
inline SearchSpace SpaceOfAllKinds() {
  return MakeSpace({
      Double("learning_rate", 1e-5, 1e-1, Scale::kLog),
      Double("momentum_decay", 0.5, 0.999, Scale::kReverseLog),
      Double("dropout", 0, 0.7),
      ZeroOrLog("weight_decay", 1e-7, 1),
      Integer("layers", 1, 6),
      Integer("width", 8, 4096, Scale::kLog),
      Discrete("batch_size", {16, 32, 64, 128}),
      Categorical("optimizer", {"sgd", "adam", "lion"}),
      Bool("augment"),
      Constant("epochs", int64_t{10}),
      When(Double("momentum", 0, 1), "optimizer", {std::string("sgd")}),
      When(Bool("nesterov"), "optimizer", {std::string("sgd")}),
      When(Integer("warmup", 1, 9), "nesterov", {true}),
      When(Constant("flip", true), "augment", {true}),
      When(Categorical("flip_axis", {"x", "y"}), "flip", {true}),
  });
}

}  // namespace pegbox
