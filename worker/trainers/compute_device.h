// The device that trains and how the process uses it. Includes torch.
#pragma once

#include <torch/torch.h>

#include "absl/status/statusor.h"
#include "worker/trainers/training_settings.h"

namespace pegbox::trainer {

// Chooses the device and makes the process compute with `settings.threads` threads and the same result each time.
// INVALID_ARGUMENT: CUDA is asked for and there is none.
absl::StatusOr<torch::Device> PrepareDevice(const TrainingSettings& settings);

}  // namespace pegbox::trainer
