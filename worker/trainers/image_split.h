// Which labelled images a trial trains on, validates on and is tested on. The split depends on --data-seed and the
// sizes, never on the trial's seed, so that all trials of a job compare on the same images.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pegbox::trainer {

inline constexpr int64_t kClasses = 10;

struct LabeledImages {
  int64_t rows = 0;
  int64_t columns = 0;
  std::vector<uint8_t> pixels;  // [size, rows, columns]
  std::vector<uint8_t> labels;  // [size], each below kClasses

  int64_t size() const { return static_cast<int64_t>(labels.size()); }
};

struct SplitOptions {
  int64_t train_samples = 0;  // 0: all that validation leaves
  int64_t validation_samples = 10'000;
  uint64_t data_seed = 0;
};

struct ImageSplit {
  LabeledImages train;
  LabeledImages validation;
};

// Row numbers in the training file, ascending and disjoint.
struct SplitRows {
  std::vector<int64_t> train;
  std::vector<int64_t> validation;
};

// The validation rows depend on the data seed and validation_samples only; a smaller training set is part of a larger
// one. INVALID_ARGUMENT: no validation sample, or more samples than `available`.
absl::StatusOr<SplitRows> ChooseRows(int64_t available, const SplitOptions& options);

// Both read the files of MNIST's names under `data_dir`. Errors of ReadIdxFile and ChooseRows; INVALID_ARGUMENT also
// for images and labels that do not belong together.
absl::StatusOr<ImageSplit> LoadSplit(const std::string& data_dir, const SplitOptions& options);
absl::StatusOr<LabeledImages> LoadTestImages(const std::string& data_dir);

}  // namespace pegbox::trainer
