// What a trial may tune, where each value comes from and which values are allowed. Values arrive as text, from flags or
// from PEGBOX_PARAMS, and pass the same checks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pegbox::trainer {

enum class ModelKind { kMlp, kCnn };
enum class OptimizerKind { kAdam, kSgd, kRmsprop };

struct Hyperparameters {
  double learning_rate = 1e-3;
  double weight_decay = 0;  // decoupled: each step multiplies the weights by 1 - learning_rate * weight_decay
  double l1 = 0;            // adds l1 * sum |w| to the loss that is minimised
  double dropout = 0;
  int64_t batch_size = 64;
  std::vector<int64_t> hidden_sizes = {256, 128};
  std::vector<int64_t> channels = {16, 32};  // cnn only
  int64_t epochs = 20;
  OptimizerKind optimizer = OptimizerKind::kAdam;
  std::optional<double> momentum;  // absent: 0.9 for sgd, 0 for rmsprop; adam has its own
};

struct HyperparameterDescription {
  std::string name;  // as in PEGBOX_PARAMS; the flag has hyphens for underscores
  std::string help;
};

// By name, in the order of the help.
std::vector<HyperparameterDescription> DescribeHyperparameters(ModelKind model);

// Name to value of a PEGBOX_PARAMS object; numbers and lists become the text that a flag would take. Empty text is an
// empty object. INVALID_ARGUMENT: not a JSON object, an unknown name, or a value that is not a number, text or list.
absl::StatusOr<std::map<std::string, std::string>> ParseParams(ModelKind model, absl::string_view json);

// Flags win over params, params over defaults. `hidden_size` and `num_layers` together are another way to say
// `hidden_sizes`. INVALID_ARGUMENT: an unknown name, a value out of range, or both ways of saying it at once.
absl::StatusOr<Hyperparameters> ResolveHyperparameters(ModelKind model, const std::map<std::string, std::string>& flags,
                                                       const std::map<std::string, std::string>& params);

absl::string_view ModelName(ModelKind model);
absl::string_view OptimizerName(OptimizerKind optimizer);

}  // namespace pegbox::trainer
