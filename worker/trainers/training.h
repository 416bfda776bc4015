// One run of training: epochs, reports, checkpoints, the test at the end. This header is free of torch, so that only
// the sources beside it pay for torch's.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/trainers/image_split.h"
#include "worker/trainers/reporter.h"
#include "worker/trainers/training_settings.h"

namespace pegbox::trainer {

struct Evaluation {
  double loss = 0;      // mean cross-entropy without penalties, in nats
  double accuracy = 0;  // in [0, 1]

  friend bool operator==(const Evaluation&, const Evaluation&) = default;
};

// Both in evaluation mode after the epoch, so that their difference is the generalisation gap. Training is evaluated on
// at most as many images as validation, always the same.
struct EpochMetrics {
  Evaluation train;
  Evaluation validation;

  friend bool operator==(const EpochMetrics&, const EpochMetrics&) = default;
};

struct TrainingImages {
  ImageSplit split;
  LabeledImages test;
};

enum class TrainingEnd {
  kCompleted,    // all epochs, or out of patience
  kStopped,      // a STOP directive
  kInterrupted,  // `is_interrupted` was set
  kDiverged,     // a loss is NaN or infinite
};

struct TrainingOutcome {
  TrainingEnd end = TrainingEnd::kCompleted;
  std::string reason;                 // why it stopped or diverged; empty otherwise
  std::vector<EpochMetrics> history;  // of the epochs that this call ended, the last one in `epochs_done`
  int64_t epochs_done = 0;
  int64_t best_epoch = 0;  // 0: none
  EpochMetrics best;
  std::optional<Evaluation> test;  // of the best epoch's weights; absent when interrupted or diverged
};

// Trains as `settings` say, resuming from last.pt in the checkpoint directory where that is of the same configuration.
// Reports each epoch under its number, from 1, and the test under the best epoch's; a resumed run reports its last
// epoch once more, because the report may have been lost. `is_interrupted` may be set from a signal handler.
// INVALID_ARGUMENT: images too small for the network, or no CUDA device. RESOURCE_EXHAUSTED: out of memory. INTERNAL: a
// failure inside LibTorch. A checkpoint that cannot be written is told to standard error and training goes on.
absl::StatusOr<TrainingOutcome> Train(const TrainingSettings& settings, const TrainingImages& images,
                                      Reporter& reporter, const std::atomic<bool>& is_interrupted);

}  // namespace pegbox::trainer
