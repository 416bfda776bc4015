#include "worker/trainers/training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "tests/worker/trainers/scratch_directory.h"

namespace pegbox::trainer {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// Real images of Fashion-MNIST; the test images are taken from validation to save time.
TrainingImages Load(int64_t train_samples, int64_t validation_samples) {
  TrainingImages images;
  auto split = LoadSplit(TrainingSettings{}.data_dir, {train_samples, validation_samples, 0});
  EXPECT_TRUE(split.ok()) << split.status();
  if (split.ok()) images.split = *std::move(split);
  images.test = images.split.validation;
  return images;
}

TrainingSettings SmallMlp() {
  TrainingSettings settings;
  settings.device = DeviceChoice::kCpu;
  settings.hyperparameters.hidden_sizes = {32, 16};
  settings.hyperparameters.dropout = 0.3;
  settings.hyperparameters.epochs = 6;
  return settings;
}

// Ends the run, as SIGTERM does, when the given text is printed.
class InterruptingOutput : public std::stringbuf {
 public:
  InterruptingOutput(std::string trigger, std::atomic<bool>& is_interrupted)
      : trigger_(std::move(trigger)), is_interrupted_(is_interrupted) {}

  int sync() override {
    if (str().find(trigger_) != std::string::npos) is_interrupted_ = true;
    return 0;
  }

 private:
  const std::string trigger_;
  std::atomic<bool>& is_interrupted_;
};

TrainingOutcome TrainUntil(const std::string& trigger, const TrainingSettings& settings, const TrainingImages& images) {
  std::atomic<bool> is_interrupted = false;
  InterruptingOutput buffer(trigger, is_interrupted);
  std::ostream out(&buffer);
  Reporter reporter(nullptr, out);
  const auto outcome = Train(settings, images, reporter, is_interrupted);
  EXPECT_TRUE(outcome.ok()) << outcome.status();
  return outcome.value_or(TrainingOutcome{});
}

TrainingOutcome TrainToEnd(const TrainingSettings& settings, const TrainingImages& images) {
  return TrainUntil("never printed", settings, images);
}

void ExpectSameEnd(const TrainingOutcome& left, const TrainingOutcome& right) {
  EXPECT_EQ(left.end, right.end);
  EXPECT_EQ(left.epochs_done, right.epochs_done);
  EXPECT_EQ(left.best_epoch, right.best_epoch);
  EXPECT_EQ(left.best, right.best);
  EXPECT_EQ(left.test, right.test);
  ASSERT_THAT(left.history, Not(IsEmpty()));
  ASSERT_THAT(right.history, Not(IsEmpty()));
  EXPECT_EQ(left.history.back(), right.history.back());
}

double Gap(const TrainingOutcome& outcome) {
  return outcome.history.back().validation.loss - outcome.history.back().train.loss;
}

TEST(TrainingTest, TheSameSeedGivesTheSameNumbersAndAnotherOthers) {
  const TrainingImages images = Load(300, 300);
  TrainingSettings settings = SmallMlp();
  const TrainingOutcome first = TrainToEnd(settings, images);
  const TrainingOutcome second = TrainToEnd(settings, images);
  EXPECT_THAT(first.history, SizeIs(6));
  EXPECT_EQ(first.history, second.history);
  EXPECT_EQ(first.test, second.test);
  settings.seed = 1;
  EXPECT_NE(TrainToEnd(settings, images).history, first.history);
}

TEST(TrainingTest, AResumedRunEndsAsAnUninterruptedOne) {
  const TrainingImages images = Load(300, 300);
  for (const OptimizerKind optimizer : {OptimizerKind::kAdam, OptimizerKind::kSgd, OptimizerKind::kRmsprop}) {
    const ScratchDirectory scratch;
    TrainingSettings settings = SmallMlp();
    settings.hyperparameters.optimizer = optimizer;
    settings.hyperparameters.weight_decay = 0.01;
    const TrainingOutcome whole = TrainToEnd(settings, images);
    settings.checkpoint_dir = scratch.File("checkpoints");
    const TrainingOutcome begun = TrainUntil("epoch 3/6", settings, images);
    EXPECT_EQ(begun.end, TrainingEnd::kInterrupted);
    EXPECT_EQ(begun.epochs_done, 3);
    const TrainingOutcome resumed = TrainToEnd(settings, images);
    EXPECT_THAT(resumed.history, SizeIs(3));
    ExpectSameEnd(resumed, whole);
  }
}

TEST(TrainingTest, AResumedCnnEndsAsAnUninterruptedOne) {
  const TrainingImages images = Load(200, 200);
  const ScratchDirectory scratch;
  TrainingSettings settings = SmallMlp();
  settings.model = ModelKind::kCnn;
  settings.hyperparameters.channels = {4, 8};
  settings.hyperparameters.epochs = 4;
  const TrainingOutcome whole = TrainToEnd(settings, images);
  EXPECT_LT(whole.history.back().train.loss, whole.history.front().train.loss);
  settings.checkpoint_dir = scratch.File("checkpoints");
  TrainUntil("epoch 2/4", settings, images);
  ExpectSameEnd(TrainToEnd(settings, images), whole);
}

TEST(TrainingTest, AFinishedRunMayBeContinuedForMoreEpochs) {
  const TrainingImages images = Load(200, 200);
  const ScratchDirectory scratch;
  TrainingSettings settings = SmallMlp();
  const TrainingOutcome whole = TrainToEnd(settings, images);
  settings.checkpoint_dir = scratch.File("checkpoints");
  settings.hyperparameters.epochs = 2;
  EXPECT_EQ(TrainToEnd(settings, images).epochs_done, 2);
  settings.hyperparameters.epochs = 6;
  const TrainingOutcome continued = TrainToEnd(settings, images);
  EXPECT_THAT(continued.history, SizeIs(4));
  ExpectSameEnd(continued, whole);
}

TEST(TrainingTest, AResumedRunReportsItsLastEpochOnceMore) {
  const TrainingImages images = Load(200, 200);
  const ScratchDirectory scratch;
  TrainingSettings settings = SmallMlp();
  settings.checkpoint_dir = scratch.File("");
  TrainUntil("epoch 2/6", settings, images);
  std::ostringstream out;
  Reporter reporter(nullptr, out);
  ASSERT_TRUE(Train(settings, images, reporter, std::atomic<bool>(false)).ok());
  EXPECT_THAT(out.str(), HasSubstr("resumed after epoch 2\nepoch 2/6 "));
  EXPECT_THAT(out.str(), Not(HasSubstr("epoch 1/6 ")));
}

TEST(TrainingTest, ADamagedCheckpointIsToldAndTrainingStartsAfresh) {
  const TrainingImages images = Load(200, 200);
  const ScratchDirectory scratch;
  TrainingSettings settings = SmallMlp();
  settings.checkpoint_dir = scratch.File("");
  const TrainingOutcome whole = TrainToEnd(settings, images);
  std::string bytes = ScratchDirectory::Read(scratch.File("last.pt"));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  ScratchDirectory::Write(scratch.File("last.pt"), bytes);
  ::testing::internal::CaptureStderr();
  const TrainingOutcome again = TrainToEnd(settings, images);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("last.pt: is damaged: its checksum does not match; training starts afresh"));
  EXPECT_EQ(again.history, whole.history);
}

TEST(TrainingTest, ACheckpointOfAnotherConfigurationIsNotUsed) {
  const TrainingImages images = Load(200, 200);
  const ScratchDirectory scratch;
  TrainingSettings settings = SmallMlp();
  settings.hyperparameters.learning_rate = 0.01;
  const TrainingOutcome whole = TrainToEnd(settings, images);
  settings.checkpoint_dir = scratch.File("");
  TrainingSettings other = settings;
  other.hyperparameters.hidden_sizes = {8};
  TrainToEnd(other, images);
  ::testing::internal::CaptureStderr();
  const TrainingOutcome again = TrainToEnd(settings, images);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("last.pt: is of another configuration"));
  EXPECT_EQ(again.history, whole.history);
}

TEST(TrainingTest, TrainingGoesOnWhereCheckpointsCannotBeWritten) {
  const TrainingImages images = Load(200, 200);
  const ScratchDirectory scratch;
  ScratchDirectory::Write(scratch.File("file"), "");
  TrainingSettings settings = SmallMlp();
  settings.checkpoint_dir = scratch.File("file/checkpoints");
  ::testing::internal::CaptureStderr();
  const TrainingOutcome outcome = TrainToEnd(settings, images);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("training goes on without this checkpoint"));
  EXPECT_EQ(outcome.epochs_done, 6);
}

TEST(TrainingTest, ASmallTrainingSetOverfitsAndEachPenaltyNarrowsTheGap) {
  const TrainingImages images = Load(500, 1000);
  TrainingSettings settings = SmallMlp();
  settings.hyperparameters.hidden_sizes = {128, 64};
  settings.hyperparameters.dropout = 0;
  settings.hyperparameters.epochs = 40;
  const TrainingOutcome plain = TrainToEnd(settings, images);
  EXPECT_GT(plain.history.back().train.accuracy, 0.98);
  EXPECT_LT(plain.history.back().validation.accuracy, 0.85);
  EXPECT_GT(plain.history.back().validation.loss, plain.best.validation.loss + 0.05);
  EXPECT_LT(plain.best_epoch, 40);

  const auto gap_with = [&](double dropout, double weight_decay, double l1) {
    TrainingSettings penalized = settings;
    penalized.hyperparameters.dropout = dropout;
    penalized.hyperparameters.weight_decay = weight_decay;
    penalized.hyperparameters.l1 = l1;
    return Gap(TrainToEnd(penalized, images));
  };
  EXPECT_LT(gap_with(0.5, 0, 0), 0.9 * Gap(plain));
  EXPECT_LT(gap_with(0, 1, 0), 0.95 * Gap(plain));
  EXPECT_LT(gap_with(0, 0, 0.001), 0.7 * Gap(plain));
}

TEST(TrainingTest, PatienceEndsTheRunAndTheBestEpochIsTested) {
  const TrainingImages images = Load(300, 300);
  TrainingSettings settings = SmallMlp();
  settings.hyperparameters.epochs = 200;
  settings.hyperparameters.dropout = 0;
  settings.hyperparameters.learning_rate = 0.01;
  settings.patience = 3;
  const TrainingOutcome outcome = TrainToEnd(settings, images);
  EXPECT_EQ(outcome.end, TrainingEnd::kCompleted);
  EXPECT_EQ(outcome.epochs_done, outcome.best_epoch + 3);
  // The test images are the validation images here, so the best epoch's weights must give its validation numbers.
  ASSERT_TRUE(outcome.test.has_value());
  EXPECT_EQ(*outcome.test, outcome.best.validation);
}

TEST(TrainingTest, TheObjectiveDecidesTheBestEpoch) {
  const TrainingImages images = Load(300, 300);
  TrainingSettings settings = SmallMlp();
  settings.objective_metric = "validation:accuracy";
  const TrainingOutcome outcome = TrainToEnd(settings, images);
  for (const EpochMetrics& metrics : outcome.history) {
    EXPECT_LE(metrics.validation.accuracy, outcome.best.validation.accuracy);
  }
}

TEST(TrainingTest, ALossThatIsNoNumberEndsTheRunAndIsReportedAsNaN) {
  const TrainingImages images = Load(300, 300);
  TrainingSettings settings = SmallMlp();
  settings.hyperparameters.learning_rate = 10;
  settings.hyperparameters.weight_decay = 10;  // each step multiplies the weights by -99
  settings.hyperparameters.batch_size = 4;
  std::ostringstream out;
  Reporter reporter(nullptr, out);
  const auto outcome = Train(settings, images, reporter, std::atomic<bool>(false));
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->end, TrainingEnd::kDiverged);
  EXPECT_THAT(outcome->reason, HasSubstr("train:loss NaN"));
  EXPECT_TRUE(std::isnan(outcome->history.back().validation.accuracy));
  EXPECT_THAT(out.str(), HasSubstr(R"("validation:loss":"NaN","validation:accuracy":"NaN"})"));
  EXPECT_FALSE(outcome->test.has_value());
}

TEST(TrainingTest, CudaWithoutADeviceIsRefused) {
  const TrainingImages images = Load(10, 10);
  TrainingSettings settings = SmallMlp();
  settings.device = DeviceChoice::kCuda;
  std::ostringstream out;
  Reporter reporter(nullptr, out);
  const auto outcome = Train(settings, images, reporter, std::atomic<bool>(false));
  if (outcome.ok()) GTEST_SKIP() << "there is a CUDA device";
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(outcome.status().message()), HasSubstr("--device: must be cpu or auto"));
}

TEST(TrainingTest, TooManyConvolutionsForTheImageAreRefused) {
  TrainingImages images = Load(10, 10);
  for (LabeledImages* part : {&images.split.train, &images.split.validation, &images.test}) {
    part->pixels.resize(part->size() * 4);
    part->rows = part->columns = 2;
  }
  TrainingSettings settings = SmallMlp();
  settings.model = ModelKind::kCnn;
  std::ostringstream out;
  Reporter reporter(nullptr, out);
  const auto outcome = Train(settings, images, reporter, std::atomic<bool>(false));
  EXPECT_EQ(outcome.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(outcome.status().message()), HasSubstr("channels: must be few enough"));
}

}  // namespace
}  // namespace pegbox::trainer
