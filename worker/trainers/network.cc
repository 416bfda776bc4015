#include "worker/trainers/network.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace pegbox::trainer {
namespace {

namespace nn = torch::nn;

// Mean and standard deviation of the pixels of Fashion-MNIST's training images, as shares of 255.
constexpr double kPixelMean = 0.2860;
constexpr double kPixelDeviation = 0.3530;
constexpr int64_t kEvaluationBatch = 500;
constexpr int64_t kMaxTensorSide = 1 << 30;

}  // namespace

ImageTensors ImageTensors::First(int64_t count) const {
  return {images.narrow(0, 0, count), labels.narrow(0, 0, count)};
}

ImageTensors ToTensors(const LabeledImages& images, torch::Device device) {
  // from_blob borrows the bytes; the conversions copy them.
  const auto borrow = [](const std::vector<uint8_t>& bytes, torch::IntArrayRef shape) {
    return torch::from_blob(const_cast<uint8_t*>(bytes.data()), shape, torch::kUInt8);
  };
  torch::Tensor pixels = borrow(images.pixels, {images.size(), 1, images.rows, images.columns}).to(torch::kFloat);
  pixels.div_(255 * kPixelDeviation).sub_(kPixelMean / kPixelDeviation);
  return {pixels.to(device), borrow(images.labels, {images.size()}).to(torch::kLong).to(device)};
}

absl::StatusOr<nn::Sequential> MakeNetwork(const TrainingSettings& settings, int64_t rows, int64_t columns) {
  const Hyperparameters& tuned = settings.hyperparameters;
  nn::Sequential network;
  int64_t depth = 1;
  if (settings.model == ModelKind::kCnn) {
    for (const int64_t channels : tuned.channels) {
      network->push_back(nn::Conv2d(nn::Conv2dOptions(depth, channels, 3).padding(1)));
      network->push_back(nn::ReLU());
      network->push_back(nn::MaxPool2d(nn::MaxPool2dOptions(2)));
      depth = channels;
      rows /= 2;
      columns /= 2;
    }
  }
  if (rows < 1 || columns < 1 || depth * rows * columns > kMaxTensorSide) {
    return absl::InvalidArgumentError(absl::StrCat("channels: must be few enough that halving the image ",
                                                   tuned.channels.size(), " times leaves pixels; give fewer"));
  }
  network->push_back(nn::Flatten());
  int64_t width = depth * rows * columns;
  for (const int64_t hidden_size : tuned.hidden_sizes) {
    network->push_back(nn::Linear(width, hidden_size));
    network->push_back(nn::ReLU());
    if (tuned.dropout > 0) network->push_back(nn::Dropout(tuned.dropout));
    width = hidden_size;
  }
  network->push_back(nn::Linear(width, kClasses));
  return network;
}

std::optional<Evaluation> Evaluate(nn::Sequential& network, const ImageTensors& data,
                                   const std::function<bool()>& should_abandon) {
  const torch::NoGradGuard no_gradients;
  network->eval();
  double loss = 0;
  double correct = 0;
  for (int64_t first = 0; first < data.size(); first += kEvaluationBatch) {
    if (should_abandon()) return std::nullopt;
    const int64_t count = std::min(kEvaluationBatch, data.size() - first);
    const torch::Tensor labels = data.labels.narrow(0, first, count);
    const torch::Tensor logits = network->forward(data.images.narrow(0, first, count));
    loss += torch::nn::functional::cross_entropy(
                logits, labels, torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kSum))
                .item<double>();
    correct += logits.argmax(1).eq(labels).sum().item<double>();
  }
  const auto size = static_cast<double>(data.size());
  return Evaluation{loss / size, correct / size};
}

void CopyWeights(const nn::Sequential& from, nn::Sequential& to) {
  const torch::NoGradGuard no_gradients;
  const std::vector<torch::Tensor> sources = from->parameters();
  std::vector<torch::Tensor> targets = to->parameters();
  for (size_t i = 0; i < sources.size(); ++i) targets[i].copy_(sources[i]);
}

}  // namespace pegbox::trainer
