// What a run needs to go on as if it had never ended, and its two files: last.pt (all of that) and best.pt (the best
// epoch's network, an archive that torch::load and Python's torch.jit.load read). Includes torch.
#pragma once

#include <torch/torch.h>

#include <string>

#include "absl/status/status.h"
#include "worker/trainers/training.h"

namespace pegbox::trainer {

struct TrainingProgress {
  int64_t epochs_done = 0;
  int64_t next_batch = 0;  // of the epoch under way
  EpochMetrics last;       // of epoch epochs_done
  int64_t best_epoch = 0;  // 0: none
  EpochMetrics best;
};

// References to what is saved and restored; none owned.
struct TrainingState {
  TrainingProgress& progress;
  torch::nn::Sequential& network;
  torch::nn::Sequential& best_network;
  torch::optim::Optimizer& optimizer;
  torch::Device device;
};

class TrainingCheckpoint {
 public:
  // An empty directory turns the object off: saving succeeds without effect, restoring answers NOT_FOUND.
  TrainingCheckpoint(std::string directory, std::string configuration)
      : directory_(std::move(directory)), configuration_(std::move(configuration)) {}

  bool is_enabled() const { return !directory_.empty(); }

  // UNAVAILABLE: the file could not be written; the one before is untouched.
  absl::Status SaveBest(const TrainingState& state) const;
  absl::Status SaveLast(const TrainingState& state) const;

  // Restores last.pt, torch's generator included. NOT_FOUND: there is none. FAILED_PRECONDITION: it is of another
  // configuration. DATA_LOSS: it cannot be read; `state` may then be half restored and must be made anew.
  absl::Status RestoreLast(const TrainingState& state) const;

 private:
  std::string LastPath() const { return directory_ + "/last.pt"; }

  const std::string directory_;
  const std::string configuration_;
};

}  // namespace pegbox::trainer
