// An optimiser of LibTorch with the same penalties whichever it is. Includes torch.
#pragma once

#include <torch/torch.h>

#include <memory>
#include <vector>

#include "worker/trainers/hyperparameters.h"

namespace pegbox::trainer {

class RegularizedOptimizer {
 public:
  RegularizedOptimizer(const Hyperparameters& hyperparameters, const torch::nn::Sequential& network);

  // One step down the gradient of `loss` + l1 * sum |w|, after w *= 1 - learning_rate * weight_decay (Loshchilov and
  // Hutter, "Decoupled weight decay regularization", 2019). w are the matrices and kernels, not the biases.
  void Step(const torch::Tensor& loss);

  torch::optim::Optimizer& inner() { return *optimizer_; }

 private:
  const double decay_factor_;
  const double l1_;
  std::vector<torch::Tensor> weights_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
};

}  // namespace pegbox::trainer
