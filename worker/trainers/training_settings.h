// Everything that one run of pegbox-trainer is told.
#pragma once

#include <cstdint>
#include <string>

#include "worker/trainers/hyperparameters.h"
#include "worker/trainers/image_split.h"

namespace pegbox::trainer {

enum class DeviceChoice { kAuto, kCpu, kCuda };

struct TrainingSettings {
  ModelKind model = ModelKind::kMlp;
  Hyperparameters hyperparameters;
  std::string data_dir = "/usr/share/datasets/fashion-mnist";
  SplitOptions split;
  uint64_t seed = 0;
  int threads = 1;
  DeviceChoice device = DeviceChoice::kAuto;
  int64_t patience = 0;        // epochs without a better objective before the end; 0: never
  std::string checkpoint_dir;  // empty: no checkpoints
  std::string objective_metric = "validation:loss";
  std::string socket_path;  // empty: metric lines on standard output
};

// JSON of what decides the numbers of a run, for a checkpoint to be matched against. Not in it: epochs (a run may be
// continued for longer), patience, threads, device and places.
std::string DescribeConfiguration(const TrainingSettings& settings);

// Larger is better for accuracies, smaller for losses.
bool IsMaximized(const std::string& objective_metric);

}  // namespace pegbox::trainer
