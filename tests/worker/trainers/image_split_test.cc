#include "worker/trainers/image_split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/worker/trainers/idx_writer.h"
#include "tests/worker/trainers/scratch_directory.h"
#include "worker/trainers/permutation.h"

namespace pegbox::trainer {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Lt;
using ::testing::SizeIs;

SplitRows Rows(const SplitOptions& options) {
  const auto rows = ChooseRows(1000, options);
  EXPECT_TRUE(rows.ok()) << rows.status();
  return rows.value_or(SplitRows{});
}

bool Contains(const std::vector<int64_t>& all, const std::vector<int64_t>& part) {
  return std::includes(all.begin(), all.end(), part.begin(), part.end());
}

TEST(ImageSplitTest, TrainingAndValidationAreDisjoint) {
  const SplitRows rows = Rows({700, 300, 5});
  std::set<int64_t> all(rows.train.begin(), rows.train.end());
  all.insert(rows.validation.begin(), rows.validation.end());
  EXPECT_THAT(all, SizeIs(1000));
  EXPECT_THAT(all, Each(Lt(1000)));
}

TEST(ImageSplitTest, ValidationDoesNotDependOnTheSizeOfTraining) {
  EXPECT_EQ(Rows({10, 300, 5}).validation, Rows({0, 300, 5}).validation);
}

TEST(ImageSplitTest, ASmallerTrainingSetIsPartOfALargerOne) {
  EXPECT_TRUE(Contains(Rows({200, 300, 5}).train, Rows({50, 300, 5}).train));
}

TEST(ImageSplitTest, ZeroTrainSamplesTakesAllThatIsLeft) { EXPECT_THAT(Rows({0, 300, 5}).train, SizeIs(700)); }

TEST(ImageSplitTest, AnotherDataSeedChoosesOtherImages) {
  EXPECT_NE(Rows({100, 300, 5}).validation, Rows({100, 300, 6}).validation);
}

TEST(ImageSplitTest, MoreSamplesThanImagesAreRefused) {
  EXPECT_THAT(std::string(ChooseRows(1000, {701, 300, 0}).status().message()),
              HasSubstr("--train-samples: must be in [0, 700]"));
  EXPECT_THAT(std::string(ChooseRows(1000, {0, 1000, 0}).status().message()),
              HasSubstr("--validation-samples: must be in [1, 999]"));
  EXPECT_EQ(ChooseRows(1000, {0, 0, 0}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ChooseRows(1000, {-1, 10, 0}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ImageSplitTest, ImagesKeepTheirLabels) {
  const ScratchDirectory scratch;
  std::string images = IdxHeader({10, 1, 2});
  std::string labels = IdxHeader({10});
  for (char i = 0; i < 10; ++i) {
    images += {i, static_cast<char>(10 * i)};
    labels.push_back(i);
  }
  WriteGzip(scratch.File("train-images-idx3-ubyte.gz"), images);
  WriteGzip(scratch.File("train-labels-idx1-ubyte.gz"), labels);
  const auto split = LoadSplit(scratch.File(""), {4, 3, 1});
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_EQ(split->train.size(), 4);
  EXPECT_EQ(split->validation.size(), 3);
  for (const LabeledImages* part : {&split->train, &split->validation}) {
    for (int64_t i = 0; i < part->size(); ++i) {
      EXPECT_EQ(part->pixels[2 * i], part->labels[i]);
      EXPECT_EQ(part->pixels[2 * i + 1], 10 * part->labels[i]);
    }
  }
}

TEST(ImageSplitTest, LabelsOfAnotherSetAreRefused) {
  const ScratchDirectory scratch;
  WriteGzip(scratch.File("t10k-images-idx3-ubyte.gz"), IdxHeader({2, 1, 1}) + "ab");
  WriteGzip(scratch.File("t10k-labels-idx1-ubyte.gz"), IdxHeader({3}) + "\1\2\3");
  EXPECT_THAT(std::string(LoadTestImages(scratch.File("")).status().message()),
              HasSubstr("one label for each of the 2 images beside it; got 3"));
}

TEST(ImageSplitTest, ALabelThatIsNoClassIsRefused) {
  const ScratchDirectory scratch;
  WriteGzip(scratch.File("t10k-images-idx3-ubyte.gz"), IdxHeader({2, 1, 1}) + "ab");
  WriteGzip(scratch.File("t10k-labels-idx1-ubyte.gz"), IdxHeader({2}) + "\1\x0a");
  EXPECT_THAT(std::string(LoadTestImages(scratch.File("")).status().message()), HasSubstr("below 10; got 10"));
}

TEST(PermutationTest, IsOneAndDependsOnTheSeedOnly) {
  std::vector<int64_t> order = SeededPermutation(100, 7);
  EXPECT_EQ(order, SeededPermutation(100, 7));
  EXPECT_NE(order, SeededPermutation(100, 8));
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

TEST(PermutationTest, DeriveSeedIsSplitMix64) {
  // The first outputs of the published generator for the seed 1234567 (Steele, Lea and Flood, 2014).
  EXPECT_EQ(DeriveSeed(1234567, 0), 6457827717110365317u);
  EXPECT_EQ(DeriveSeed(1234567, 1), 3203168211198807973u);
  EXPECT_EQ(DeriveSeed(1234567, 2), 9817491932198370423u);
}

}  // namespace
}  // namespace pegbox::trainer
