// pegbox-trainer as the worker sees it: arguments, environment, socket, signals, files and exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "tests/worker/trainers/scratch_directory.h"
#include "tests/worker/trainers/trainer_process.h"
#include "tests/worker/trainers/worker_end.h"

namespace pegbox::trainer {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

const char* const kContinue = R"({"directive":"CONTINUE"})";
const char* const kStop = R"({"directive":"STOP","reason":"median rule: 0.9 is worse than 0.5"})";

// A run of a second or less.
std::vector<std::string> SmallRun(const std::string& epochs) {
  return {"mlp", "--train-samples=400", "--validation-samples=200", "--hidden-sizes=32", "--epochs=" + epochs};
}

// A run that would take minutes, in epochs of many batches.
std::vector<std::string> LongRun() {
  return {"mlp", "--train-samples=50000", "--validation-samples=100", "--batch-size=8", "--epochs=1000"};
}

std::string LastLine(const std::string& text) {
  const size_t start = text.find_last_of('\n', text.size() - 2);
  return text.substr(start == std::string::npos ? 0 : start + 1);
}

class TrainerProgramTest : public ::testing::Test {
 protected:
  std::map<std::string, std::string> TrialEnvironment() const {
    return {{"PEGBOX_SOCKET", worker_.path()}, {"PEGBOX_CHECKPOINT_DIR", scratch_.File("checkpoints")}};
  }

  // Reads reports and lets the trial go on until the report of `step` is answered.
  void ServeUntil(int64_t step) {
    while (true) {
      const auto line = worker_.ReadLine();
      ASSERT_TRUE(line.has_value()) << "the trial hung up";
      EXPECT_TRUE(worker_.WriteLine(kContinue));
      if (Json::parse(*line)["step"] == step) return;
    }
  }

  // Answers every report until the trial hangs up.
  void ServeAll() {
    while (worker_.ReadLine().has_value() && worker_.WriteLine(kContinue)) {
    }
  }

  const ScratchDirectory scratch_;
  WorkerEnd worker_{scratch_.File("trial.sock")};
};

TEST_F(TrainerProgramTest, WithoutASocketPrintsMetricLinesAndTheTest) {
  TrainerProcess trainer(scratch_, SmallRun("2"), {{"PEGBOX_PARAMS", R"({"learning_rate": 0.01})"}});
  EXPECT_EQ(trainer.Wait(), 0) << trainer.Errors();
  EXPECT_THAT(trainer.Output(), AllOf(HasSubstr("epoch 1/2 train:loss="),
                                      HasSubstr("PEGBOX_METRICS {\"step\":2,\"metrics\":{\"train:loss\":"),
                                      HasSubstr("\"test:accuracy\":"), HasSubstr("best epoch ")));
}

TEST_F(TrainerProgramTest, ReportsEachEpochAndTheTestOverTheSocket) {
  TrainerProcess trainer(scratch_, SmallRun("2"), TrialEnvironment());
  ASSERT_TRUE(worker_.Accept());
  for (int64_t step = 1; step <= 2; ++step) {
    const auto line = worker_.ReadLine();
    ASSERT_TRUE(line.has_value());
    const Json report = Json::parse(*line);
    EXPECT_EQ(report["step"], step);
    EXPECT_EQ(report["checkpoint"], true);
    EXPECT_TRUE(std::filesystem::exists(scratch_.File("checkpoints/last.pt")));
    EXPECT_TRUE(std::filesystem::exists(scratch_.File("checkpoints/best.pt")));
    for (const char* metric : {"train:loss", "train:accuracy", "validation:loss", "validation:accuracy"}) {
      EXPECT_TRUE(report["metrics"][metric].is_number()) << *line;
    }
    EXPECT_TRUE(worker_.WriteLine(kContinue));
  }
  const auto test = worker_.ReadLine();
  ASSERT_TRUE(test.has_value());
  EXPECT_TRUE(Json::parse(*test)["metrics"]["test:accuracy"].is_number()) << *test;
  EXPECT_TRUE(worker_.WriteLine(kContinue));
  EXPECT_EQ(trainer.Wait(), 0) << trainer.Errors();
  EXPECT_THAT(trainer.Output(), Not(HasSubstr("PEGBOX_METRICS")));
}

TEST_F(TrainerProgramTest, AStopInReplyEndsTheRunWithSuccess) {
  TrainerProcess trainer(scratch_, SmallRun("1000"), TrialEnvironment());
  ASSERT_TRUE(worker_.Accept());
  ServeUntil(2);
  ASSERT_TRUE(worker_.ReadLine().has_value());
  EXPECT_TRUE(worker_.WriteLine(kStop));
  ServeAll();
  EXPECT_EQ(trainer.Wait(), 0) << trainer.Errors();
  EXPECT_THAT(trainer.Output(), HasSubstr("stopped after epoch 3: median rule: 0.9 is worse than 0.5"));
  EXPECT_THAT(trainer.Output(), HasSubstr("test:accuracy="));
}

TEST_F(TrainerProgramTest, AnUnaskedStopEndsTheRunWithinTheEpoch) {
  TrainerProcess trainer(scratch_, LongRun(), TrialEnvironment());
  ASSERT_TRUE(worker_.Accept());
  EXPECT_TRUE(worker_.WriteLine(kStop));
  EXPECT_EQ(trainer.Wait(), 0) << trainer.Errors();
  EXPECT_THAT(trainer.Output(), HasSubstr("stopped after epoch 0: median rule"));
}

TEST_F(TrainerProgramTest, AWorkerThatDiesDoesNotEndTheRun) {
  TrainerProcess trainer(scratch_, SmallRun("4"), TrialEnvironment());
  ASSERT_TRUE(worker_.Accept());
  ServeUntil(1);
  std::filesystem::remove(worker_.path());
  worker_.HangUp();
  EXPECT_EQ(trainer.Wait(), 0) << trainer.Errors();
  EXPECT_THAT(trainer.Output(), HasSubstr("PEGBOX_METRICS {\"step\":4,"));
}

TEST_F(TrainerProgramTest, SigtermSavesTheMiddleOfTheEpochAndTheNextRunEndsAsIfThereHadBeenNone) {
  const std::vector<std::string> arguments = {"mlp",
                                              "--train-samples=3000",
                                              "--validation-samples=100",
                                              "--batch-size=8",
                                              "--hidden-sizes=32",
                                              "--dropout=0.2",
                                              "--epochs=3"};
  TrainerProcess whole(scratch_, arguments);
  ASSERT_EQ(whole.Wait(), 0) << whole.Errors();
  const std::string expected = LastLine(whole.Output());
  {
    TrainerProcess interrupted(scratch_, arguments, TrialEnvironment());
    ASSERT_TRUE(worker_.Accept());
    ServeUntil(1);
    interrupted.Signal(SIGTERM);
    EXPECT_EQ(interrupted.Wait(), 128 + SIGTERM) << interrupted.Errors();
    EXPECT_THAT(interrupted.Output(), HasSubstr("interrupted after epoch "));
  }
  TrainerProcess resumed(scratch_, arguments, {{"PEGBOX_CHECKPOINT_DIR", scratch_.File("checkpoints")}});
  EXPECT_EQ(resumed.Wait(), 0) << resumed.Errors();
  EXPECT_THAT(resumed.Output(), HasSubstr("resumed after epoch "));
  EXPECT_EQ(LastLine(resumed.Output()), expected);
}

TEST_F(TrainerProgramTest, ARunThatWasKilledResumesFromItsLastCheckpoint) {
  const std::vector<std::string> arguments = SmallRun("5");
  TrainerProcess whole(scratch_, arguments);
  ASSERT_EQ(whole.Wait(), 0) << whole.Errors();
  const std::string expected = LastLine(whole.Output());
  {
    TrainerProcess killed(scratch_, arguments, TrialEnvironment());
    ASSERT_TRUE(worker_.Accept());
    ServeUntil(2);
    killed.Signal(SIGKILL);
    EXPECT_EQ(killed.Wait(), -SIGKILL);
  }
  TrainerProcess resumed(scratch_, arguments, {{"PEGBOX_CHECKPOINT_DIR", scratch_.File("checkpoints")}});
  EXPECT_EQ(resumed.Wait(), 0) << resumed.Errors();
  EXPECT_THAT(resumed.Output(), HasSubstr("resumed after epoch "));
  EXPECT_EQ(LastLine(resumed.Output()), expected);
}

TEST_F(TrainerProgramTest, DivergenceIsReportedAndFails) {
  std::vector<std::string> arguments = SmallRun("5");
  arguments.insert(arguments.end(), {"--learning-rate=10", "--weight-decay=10", "--batch-size=4"});
  TrainerProcess trainer(scratch_, arguments, TrialEnvironment());
  ASSERT_TRUE(worker_.Accept());
  const auto line = worker_.ReadLine();
  ASSERT_TRUE(line.has_value());
  EXPECT_EQ(Json::parse(*line)["metrics"]["validation:loss"], "NaN") << *line;
  EXPECT_FALSE(Json::parse(*line).contains("checkpoint"));
  EXPECT_TRUE(worker_.WriteLine(kContinue));
  EXPECT_EQ(trainer.Wait(), 1);
  EXPECT_THAT(trainer.Errors(), HasSubstr("diverged: epoch 1 has train:loss NaN"));
}

TEST_F(TrainerProgramTest, MistakesAreToldWithTwo) {
  TrainerProcess bad_params(scratch_, {"mlp"}, {{"PEGBOX_PARAMS", R"({"lerning_rate": 0.1})"}});
  EXPECT_EQ(bad_params.Wait(), 2);
  EXPECT_THAT(bad_params.Errors(), HasSubstr("PEGBOX_PARAMS.lerning_rate"));
  TrainerProcess too_many(scratch_, {"mlp", "--train-samples=50001"});
  EXPECT_EQ(too_many.Wait(), 2);
  EXPECT_THAT(too_many.Errors(), HasSubstr("--train-samples: must be in [0, 50000]"));
}

TEST_F(TrainerProgramTest, MissingDataFails) {
  TrainerProcess trainer(scratch_, {"mlp", "--data-dir=" + scratch_.File("absent")});
  EXPECT_EQ(trainer.Wait(), 1);
  EXPECT_THAT(trainer.Errors(), AllOf(HasSubstr("train-labels-idx1-ubyte.gz"), HasSubstr("--data-dir")));
}

}  // namespace
}  // namespace pegbox::trainer
