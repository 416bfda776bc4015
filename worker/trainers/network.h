// The networks that can be trained and their evaluation. Includes torch.
#pragma once

#include <torch/torch.h>

#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "worker/trainers/training.h"

namespace pegbox::trainer {

struct ImageTensors {
  torch::Tensor images;  // float [n, 1, rows, columns], standardised
  torch::Tensor labels;  // int64 [n]

  int64_t size() const { return labels.size(0); }
  ImageTensors First(int64_t count) const;
};

ImageTensors ToTensors(const LabeledImages& images, torch::Device device);

// Maps [n, 1, rows, columns] to logits [n, kClasses]. Initial weights come from torch's default generator.
// INVALID_ARGUMENT: more convolutions than the image has halves.
absl::StatusOr<torch::nn::Sequential> MakeNetwork(const TrainingSettings& settings, int64_t rows, int64_t columns);

// Leaves the network in evaluation mode. Asks `should_abandon` before each batch; absent when that said yes.
std::optional<Evaluation> Evaluate(torch::nn::Sequential& network, const ImageTensors& data,
                                   const std::function<bool()>& should_abandon);

// Both networks must be of one architecture.
void CopyWeights(const torch::nn::Sequential& from, torch::nn::Sequential& to);

}  // namespace pegbox::trainer
