#include "worker/trainers/training_settings.h"

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"

namespace pegbox::trainer {

std::string DescribeConfiguration(const TrainingSettings& settings) {
  const Hyperparameters& tuned = settings.hyperparameters;
  nlohmann::ordered_json json = {
      {"model", std::string(ModelName(settings.model))},
      {"learning_rate", tuned.learning_rate},
      {"weight_decay", tuned.weight_decay},
      {"l1", tuned.l1},
      {"dropout", tuned.dropout},
      {"batch_size", tuned.batch_size},
      {"hidden_sizes", tuned.hidden_sizes},
      {"optimizer", std::string(OptimizerName(tuned.optimizer))},
      {"train_samples", settings.split.train_samples},
      {"validation_samples", settings.split.validation_samples},
      {"data_seed", settings.split.data_seed},
      {"seed", settings.seed},
      {"objective_metric", settings.objective_metric},
  };
  if (settings.model == ModelKind::kCnn) json["channels"] = tuned.channels;
  if (tuned.momentum.has_value()) json["momentum"] = *tuned.momentum;
  return json.dump();
}

bool IsMaximized(const std::string& objective_metric) { return absl::EndsWith(objective_metric, "accuracy"); }

}  // namespace pegbox::trainer
