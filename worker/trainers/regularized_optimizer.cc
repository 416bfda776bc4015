#include "worker/trainers/regularized_optimizer.h"

#include <algorithm>
#include <iterator>

namespace pegbox::trainer {
namespace {

namespace optim = torch::optim;

constexpr double kSgdMomentum = 0.9;

std::unique_ptr<optim::Optimizer> MakeOptimizer(const Hyperparameters& tuned, std::vector<torch::Tensor> parameters) {
  const double rate = tuned.learning_rate;
  switch (tuned.optimizer) {
    case OptimizerKind::kAdam:
      return std::make_unique<optim::Adam>(std::move(parameters), optim::AdamOptions(rate));
    case OptimizerKind::kSgd:
      return std::make_unique<optim::SGD>(std::move(parameters),
                                          optim::SGDOptions(rate).momentum(tuned.momentum.value_or(kSgdMomentum)));
    case OptimizerKind::kRmsprop:
      return std::make_unique<optim::RMSprop>(std::move(parameters),
                                              optim::RMSpropOptions(rate).momentum(tuned.momentum.value_or(0)));
  }
  return nullptr;
}

}  // namespace

RegularizedOptimizer::RegularizedOptimizer(const Hyperparameters& hyperparameters, const torch::nn::Sequential& network)
    : decay_factor_(1 - hyperparameters.learning_rate * hyperparameters.weight_decay),
      l1_(hyperparameters.l1),
      optimizer_(MakeOptimizer(hyperparameters, network->parameters())) {
  const std::vector<torch::Tensor> parameters = network->parameters();
  std::copy_if(parameters.begin(), parameters.end(), std::back_inserter(weights_),
               [](const torch::Tensor& parameter) { return parameter.dim() > 1; });
}

void RegularizedOptimizer::Step(const torch::Tensor& loss) {
  optimizer_->zero_grad();
  loss.backward();
  {
    const torch::NoGradGuard no_gradients;
    for (torch::Tensor& weight : weights_) {
      if (l1_ > 0) weight.mutable_grad().add_(weight.sign(), l1_);
      if (decay_factor_ != 1) weight.mul_(decay_factor_);
    }
  }
  optimizer_->step();
}

}  // namespace pegbox::trainer
