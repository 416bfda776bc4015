#include "worker/trainers/hyperparameters.h"

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/status_macros.h"

namespace pegbox::trainer {
namespace {

using Json = nlohmann::json;
using Values = std::map<std::string, std::string>;

constexpr int64_t kMaxBatchSize = 65'536;
constexpr int64_t kMaxEpochs = 100'000;
constexpr int64_t kMaxWidth = 16'384;
constexpr int64_t kMaxLayers = 16;
constexpr int64_t kMaxConvolutions = 4;  // each halves the 28 pixels
constexpr int64_t kDefaultHiddenSize = 256;
constexpr int64_t kDefaultLayers = 2;

absl::Status MustBe(absl::string_view name, absl::string_view rule, absl::string_view seen) {
  return absl::InvalidArgumentError(absl::StrCat(name, ": must be ", rule, "; got \"", seen.substr(0, 200), "\""));
}

struct RealRange {
  double low;
  double high;
  bool includes_low = true;
  bool includes_high = true;
};

absl::Status SetReal(absl::string_view name, absl::string_view text, const RealRange& range, double& out) {
  double value = 0;
  const bool is_number = absl::SimpleAtod(text, &value) && std::isfinite(value);
  const bool is_in_range = (range.includes_low ? value >= range.low : value > range.low) &&
                           (range.includes_high ? value <= range.high : value < range.high);
  if (!is_number || !is_in_range) {
    return MustBe(name,
                  absl::StrCat("a number in ", range.includes_low ? "[" : "(", range.low, ", ", range.high,
                               range.includes_high ? "]" : ")"),
                  text);
  }
  out = value;
  return absl::OkStatus();
}

// Takes "64" and "64.0", because a search space of doubles may feed a whole number.
bool ParseWhole(absl::string_view text, int64_t& out) {
  if (absl::SimpleAtoi(text, &out)) return true;
  double value = 0;
  if (!absl::SimpleAtod(text, &value) || value != std::floor(value) || std::fabs(value) > 1e15) return false;
  out = static_cast<int64_t>(value);
  return true;
}

absl::Status SetWhole(absl::string_view name, absl::string_view text, int64_t low, int64_t high, int64_t& out) {
  int64_t value = 0;
  if (!ParseWhole(text, value) || value < low || value > high) {
    return MustBe(name, absl::StrCat("a whole number in [", low, ", ", high, "]"), text);
  }
  out = value;
  return absl::OkStatus();
}

absl::Status SetSizes(absl::string_view name, absl::string_view text, int64_t max_count, std::vector<int64_t>& out) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  std::vector<int64_t> sizes;
  for (const std::string& part : parts) {
    int64_t size = 0;
    if (!ParseWhole(part, size) || size < 1 || size > kMaxWidth) break;
    sizes.push_back(size);
  }
  if (sizes.size() != parts.size() || sizes.size() > static_cast<size_t>(max_count)) {
    return MustBe(
        name, absl::StrCat("1 to ", max_count, " whole numbers in [1, ", kMaxWidth, "] with commas, as in \"128,64\""),
        text);
  }
  out = std::move(sizes);
  return absl::OkStatus();
}

absl::Status SetOptimizer(absl::string_view name, absl::string_view text, OptimizerKind& out) {
  for (const OptimizerKind kind : {OptimizerKind::kAdam, OptimizerKind::kSgd, OptimizerKind::kRmsprop}) {
    if (text == OptimizerName(kind)) {
      out = kind;
      return absl::OkStatus();
    }
  }
  return MustBe(name, "one of adam, sgd, rmsprop", text);
}

struct Rule {
  std::string name;
  std::string help;
  std::function<absl::Status(absl::string_view name, absl::string_view text, Hyperparameters&)> set;
};

#define PEGBOX_SETTER(call) \
  [](absl::string_view name, absl::string_view text, Hyperparameters& out) -> absl::Status { return call; }

std::vector<Rule> MakeRules(ModelKind model) {
  std::vector<Rule> rules = {
      {"learning_rate", "Step size, in (0, 10]. Default 0.001",
       PEGBOX_SETTER(SetReal(name, text, (RealRange{0, 10, false}), out.learning_rate))},
      {"weight_decay", "Decoupled weight decay of the weights (not of biases), in [0, 10]. Default 0",
       PEGBOX_SETTER(SetReal(name, text, (RealRange{0, 10}), out.weight_decay))},
      {"l1", "L1 penalty of the weights, in [0, 1]. Default 0",
       PEGBOX_SETTER(SetReal(name, text, (RealRange{0, 1}), out.l1))},
      {"dropout", "Share of hidden units dropped in training, in [0, 1). Default 0",
       PEGBOX_SETTER(SetReal(name, text, (RealRange{0, 1, true, false}), out.dropout))},
      {"batch_size", "Images a step, in [1, 65536]. Default 64",
       PEGBOX_SETTER(SetWhole(name, text, 1, kMaxBatchSize, out.batch_size))},
      {"hidden_sizes", "Widths of the hidden layers, as in 256,128 (the default)",
       PEGBOX_SETTER(SetSizes(name, text, kMaxLayers, out.hidden_sizes))},
      {"epochs", "Passes over the training images, in [1, 100000]. Default 20",
       PEGBOX_SETTER(SetWhole(name, text, 1, kMaxEpochs, out.epochs))},
      {"optimizer", "adam (default), sgd or rmsprop", PEGBOX_SETTER(SetOptimizer(name, text, out.optimizer))},
      {"momentum", "In [0, 1); adam ignores it. Default 0.9 with sgd, 0 with rmsprop",
       PEGBOX_SETTER(SetReal(name, text, (RealRange{0, 1, true, false}), out.momentum.emplace()))},
  };
  if (model == ModelKind::kCnn) {
    rules.push_back({"channels", "Channels of the convolutions, 1 to 4 of them. Default 16,32",
                     PEGBOX_SETTER(SetSizes(name, text, kMaxConvolutions, out.channels))});
  }
  return rules;
}
#undef PEGBOX_SETTER

absl::Status UnknownName(ModelKind model, absl::string_view prefix, absl::string_view name) {
  const auto join_name = [](std::string* out, const HyperparameterDescription& known) { out->append(known.name); };
  return absl::InvalidArgumentError(absl::StrCat(prefix, name, ": must be a hyperparameter of pegbox-trainer ",
                                                 ModelName(model), "; got an unknown name; known are ",
                                                 absl::StrJoin(DescribeHyperparameters(model), ", ", join_name)));
}

bool IsKnown(ModelKind model, absl::string_view name) {
  for (const HyperparameterDescription& known : DescribeHyperparameters(model)) {
    if (known.name == name) return true;
  }
  return false;
}

bool IsScalar(const Json& value) { return value.is_number() || value.is_string(); }

absl::StatusOr<std::string> ValueText(absl::string_view name, const Json& value) {
  const auto scalar_text = [](const Json& scalar) {
    return scalar.is_string() ? scalar.get<std::string>() : scalar.dump();
  };
  if (IsScalar(value)) return scalar_text(value);
  if (value.is_array() && std::all_of(value.begin(), value.end(), IsScalar)) {
    std::vector<std::string> parts;
    for (const Json& element : value) parts.push_back(scalar_text(element));
    return absl::StrJoin(parts, ",");
  }
  return MustBe(absl::StrCat("PEGBOX_PARAMS.", name), "a number, a text or a list of them", value.dump());
}

bool SaysHiddenSizes(const Values& values) {
  return values.count("hidden_sizes") + values.count("hidden_size") + values.count("num_layers") > 0;
}

// Replaces hidden_size and num_layers by the hidden_sizes that they stand for.
absl::Status ExpandHiddenSize(Values& values) {
  if (values.count("hidden_size") + values.count("num_layers") == 0) return absl::OkStatus();
  if (values.count("hidden_sizes") > 0) {
    return absl::InvalidArgumentError(absl::StrCat("hidden_sizes: must come without hidden_size and num_layers; got \"",
                                                   values.at("hidden_sizes"), "\" beside them; keep one of the two"));
  }
  int64_t hidden_size = kDefaultHiddenSize;
  int64_t layers = kDefaultLayers;
  if (const auto found = values.find("hidden_size"); found != values.end()) {
    PEGBOX_RETURN_IF_ERROR(SetWhole("hidden_size", found->second, 1, kMaxWidth, hidden_size));
  }
  if (const auto found = values.find("num_layers"); found != values.end()) {
    PEGBOX_RETURN_IF_ERROR(SetWhole("num_layers", found->second, 1, kMaxLayers, layers));
  }
  values.erase("hidden_size");
  values.erase("num_layers");
  values["hidden_sizes"] = absl::StrJoin(std::vector<int64_t>(layers, hidden_size), ",");
  return absl::OkStatus();
}

}  // namespace

std::vector<HyperparameterDescription> DescribeHyperparameters(ModelKind model) {
  std::vector<HyperparameterDescription> descriptions;
  for (const Rule& rule : MakeRules(model)) descriptions.push_back({rule.name, rule.help});
  descriptions.push_back({"hidden_size", "Width of every hidden layer, in place of hidden_sizes. Default 256"});
  descriptions.push_back({"num_layers", "Number of hidden layers, in place of hidden_sizes. Default 2"});
  return descriptions;
}

absl::StatusOr<std::map<std::string, std::string>> ParseParams(ModelKind model, absl::string_view json) {
  Values values;
  if (json.empty()) return values;
  const Json object = Json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return MustBe("PEGBOX_PARAMS", R"(a JSON object, as in {"learning_rate": 0.001})", json);
  }
  for (const auto& [name, value] : object.items()) {
    if (!IsKnown(model, name)) return UnknownName(model, "PEGBOX_PARAMS.", name);
    PEGBOX_ASSIGN_OR_RETURN(values[name], ValueText(name, value));
  }
  return values;
}

absl::StatusOr<Hyperparameters> ResolveHyperparameters(ModelKind model, const Values& flags, const Values& params) {
  Values values = params;
  if (SaysHiddenSizes(flags)) {
    for (const char* name : {"hidden_sizes", "hidden_size", "num_layers"}) values.erase(name);
  }
  for (const auto& [name, text] : flags) values[name] = text;
  PEGBOX_RETURN_IF_ERROR(ExpandHiddenSize(values));
  Hyperparameters hyperparameters;
  for (const Rule& rule : MakeRules(model)) {
    const auto found = values.find(rule.name);
    if (found == values.end()) continue;
    PEGBOX_RETURN_IF_ERROR(rule.set(rule.name, found->second, hyperparameters));
    values.erase(found);
  }
  if (!values.empty()) return UnknownName(model, "", values.begin()->first);
  return hyperparameters;
}

absl::string_view ModelName(ModelKind model) { return model == ModelKind::kMlp ? "mlp" : "cnn"; }

absl::string_view OptimizerName(OptimizerKind optimizer) {
  switch (optimizer) {
    case OptimizerKind::kAdam:
      return "adam";
    case OptimizerKind::kSgd:
      return "sgd";
    case OptimizerKind::kRmsprop:
      return "rmsprop";
  }
  return "adam";
}

}  // namespace pegbox::trainer
