#include "worker/trainers/image_split.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "worker/trainers/idx_file.h"
#include "worker/trainers/permutation.h"

namespace pegbox::trainer {
namespace {

constexpr int kImageDimensions = 3;
constexpr int kLabelDimensions = 1;

absl::StatusOr<LabeledImages> ReadLabeledImages(const std::string& data_dir, const std::string& prefix,
                                                const std::optional<std::vector<int64_t>>& rows) {
  const std::string images_path = absl::StrCat(data_dir, "/", prefix, "-images-idx3-ubyte.gz");
  const std::string labels_path = absl::StrCat(data_dir, "/", prefix, "-labels-idx1-ubyte.gz");
  PEGBOX_ASSIGN_OR_RETURN(IdxArray labels, ReadIdxFile(labels_path, kLabelDimensions, rows));
  PEGBOX_ASSIGN_OR_RETURN(IdxArray images, ReadIdxFile(images_path, kImageDimensions, rows));
  if (images.items_in_file != labels.items_in_file) {
    return absl::InvalidArgumentError(absl::StrCat(labels_path, ": must hold one label for each of the ",
                                                   images.items_in_file, " images beside it; got ",
                                                   labels.items_in_file));
  }
  const auto bad =
      std::find_if(labels.bytes.begin(), labels.bytes.end(), [](uint8_t label) { return label >= kClasses; });
  if (bad != labels.bytes.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat(labels_path, ": labels must be below ", kClasses, "; got ", static_cast<int>(*bad)));
  }
  return LabeledImages{images.item_shape[0], images.item_shape[1], std::move(images.bytes), std::move(labels.bytes)};
}

// The images at those of `rows` that are in `chosen`; both ascend.
LabeledImages Take(const LabeledImages& images, const std::vector<int64_t>& rows, const std::vector<int64_t>& chosen) {
  LabeledImages taken{images.rows, images.columns, {}, {}};
  const int64_t image_size = images.rows * images.columns;
  taken.pixels.reserve(chosen.size() * image_size);
  taken.labels.reserve(chosen.size());
  size_t next = 0;
  for (size_t i = 0; i < rows.size() && next < chosen.size(); ++i) {
    if (rows[i] != chosen[next]) continue;
    const auto first = images.pixels.begin() + static_cast<int64_t>(i) * image_size;
    taken.pixels.insert(taken.pixels.end(), first, first + image_size);
    taken.labels.push_back(images.labels[i]);
    ++next;
  }
  return taken;
}

}  // namespace

absl::StatusOr<SplitRows> ChooseRows(int64_t available, const SplitOptions& options) {
  if (options.validation_samples < 1 || options.validation_samples >= available) {
    return absl::InvalidArgumentError(absl::StrCat("--validation-samples: must be in [1, ", available - 1,
                                                   "], a part of the ", available, " training images; got ",
                                                   options.validation_samples));
  }
  const int64_t left = available - options.validation_samples;
  if (options.train_samples < 0 || options.train_samples > left) {
    return absl::InvalidArgumentError(absl::StrCat("--train-samples: must be in [0, ", left, "], 0 for all ", left,
                                                   " images that --validation-samples leaves; got ",
                                                   options.train_samples));
  }
  const std::vector<int64_t> order = SeededPermutation(available, options.data_seed);
  const auto validation_end = order.begin() + options.validation_samples;
  SplitRows rows;
  rows.validation.assign(order.begin(), validation_end);
  rows.train.assign(validation_end, validation_end + (options.train_samples == 0 ? left : options.train_samples));
  std::sort(rows.validation.begin(), rows.validation.end());
  std::sort(rows.train.begin(), rows.train.end());
  return rows;
}

absl::StatusOr<ImageSplit> LoadSplit(const std::string& data_dir, const SplitOptions& options) {
  const std::string labels_path = absl::StrCat(data_dir, "/train-labels-idx1-ubyte.gz");
  PEGBOX_ASSIGN_OR_RETURN(const int64_t available, CountIdxItems(labels_path, kLabelDimensions));
  PEGBOX_ASSIGN_OR_RETURN(const SplitRows rows, ChooseRows(available, options));
  std::vector<int64_t> wanted;
  std::merge(rows.train.begin(), rows.train.end(), rows.validation.begin(), rows.validation.end(),
             std::back_inserter(wanted));
  PEGBOX_ASSIGN_OR_RETURN(const LabeledImages images, ReadLabeledImages(data_dir, "train", wanted));
  return ImageSplit{Take(images, wanted, rows.train), Take(images, wanted, rows.validation)};
}

absl::StatusOr<LabeledImages> LoadTestImages(const std::string& data_dir) {
  return ReadLabeledImages(data_dir, "t10k", std::nullopt);
}

}  // namespace pegbox::trainer
