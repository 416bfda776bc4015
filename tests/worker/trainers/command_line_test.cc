#include "worker/trainers/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace pegbox::trainer {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Variables = std::map<std::string, std::string>;

std::variant<TrainingSettings, CommandLineExit> Parse(std::vector<const char*> arguments,
                                                      const Variables& variables = {}) {
  arguments.insert(arguments.begin(), "pegbox-trainer");
  return ParseCommandLine(static_cast<int>(arguments.size()), arguments.data(),
                          [&](const char* name) -> std::optional<std::string> {
                            const auto found = variables.find(name);
                            return found == variables.end() ? std::nullopt : std::optional(found->second);
                          });
}

TrainingSettings Settings(const std::vector<const char*>& arguments, const Variables& variables = {}) {
  const auto parsed = Parse(arguments, variables);
  if (const auto* exit = std::get_if<CommandLineExit>(&parsed)) ADD_FAILURE() << exit->text;
  return std::holds_alternative<TrainingSettings>(parsed) ? std::get<TrainingSettings>(parsed) : TrainingSettings{};
}

CommandLineExit Exit(const std::vector<const char*>& arguments, const Variables& variables = {}) {
  const auto parsed = Parse(arguments, variables);
  EXPECT_TRUE(std::holds_alternative<CommandLineExit>(parsed));
  return std::holds_alternative<CommandLineExit>(parsed) ? std::get<CommandLineExit>(parsed) : CommandLineExit{-1, ""};
}

TEST(CommandLineTest, DefaultsAreThoseOfTheSettings) {
  const TrainingSettings settings = Settings({"mlp"});
  EXPECT_EQ(settings.model, ModelKind::kMlp);
  EXPECT_EQ(settings.split.validation_samples, 10'000);
  EXPECT_EQ(settings.seed, 0u);
  EXPECT_EQ(settings.threads, 1);
  EXPECT_EQ(settings.patience, 0);
  EXPECT_EQ(settings.checkpoint_dir, "");
  EXPECT_EQ(settings.socket_path, "");
}

TEST(CommandLineTest, FlagsReachTheSettings) {
  const TrainingSettings settings = Settings({"cnn",
                                              "--channels",
                                              "8,16",
                                              "--hidden-sizes=32",
                                              "--train-samples",
                                              "500",
                                              "--validation-samples=200",
                                              "--data-seed",
                                              "3",
                                              "--seed",
                                              "18446744073709551615",
                                              "--threads",
                                              "2",
                                              "--device",
                                              "cpu",
                                              "--patience",
                                              "4",
                                              "--objective-metric",
                                              "validation:accuracy",
                                              "--checkpoint-dir",
                                              "c",
                                              "--data-dir",
                                              "d"});
  EXPECT_EQ(settings.model, ModelKind::kCnn);
  EXPECT_THAT(settings.hyperparameters.channels, ElementsAre(8, 16));
  EXPECT_THAT(settings.hyperparameters.hidden_sizes, ElementsAre(32));
  EXPECT_EQ(settings.split.train_samples, 500);
  EXPECT_EQ(settings.split.validation_samples, 200);
  EXPECT_EQ(settings.split.data_seed, 3u);
  EXPECT_EQ(settings.seed, 18446744073709551615u);
  EXPECT_EQ(settings.threads, 2);
  EXPECT_EQ(settings.device, DeviceChoice::kCpu);
  EXPECT_EQ(settings.patience, 4);
  EXPECT_EQ(settings.objective_metric, "validation:accuracy");
  EXPECT_EQ(settings.checkpoint_dir, "c");
  EXPECT_EQ(settings.data_dir, "d");
}

TEST(CommandLineTest, EnvironmentFillsWhatFlagsLeaveOpen) {
  const Variables variables = {{"PEGBOX_PARAMS", R"({"dropout": 0.5, "epochs": 3})"},
                               {"PEGBOX_SEED", "42"},
                               {"PEGBOX_CHECKPOINT_DIR", "from-environment"},
                               {"PEGBOX_SOCKET", "the.sock"}};
  const TrainingSettings from_environment = Settings({"mlp"}, variables);
  EXPECT_EQ(from_environment.hyperparameters.dropout, 0.5);
  EXPECT_EQ(from_environment.seed, 42u);
  EXPECT_EQ(from_environment.checkpoint_dir, "from-environment");
  EXPECT_EQ(from_environment.socket_path, "the.sock");

  const TrainingSettings settings =
      Settings({"mlp", "--dropout", "0.1", "--seed", "7", "--checkpoint-dir", "from-flag"}, variables);
  EXPECT_EQ(settings.hyperparameters.dropout, 0.1);
  EXPECT_EQ(settings.hyperparameters.epochs, 3);
  EXPECT_EQ(settings.seed, 7u);
  EXPECT_EQ(settings.checkpoint_dir, "from-flag");
}

TEST(CommandLineTest, HelpHasAnExampleAndEveryHyperparameter) {
  const CommandLineExit help = Exit({"mlp", "--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.text, AllOf(HasSubstr("Example:"), HasSubstr("--learning-rate"), HasSubstr("--num-layers")));
}

TEST(CommandLineTest, MistakesNameTheFlagAndEndWithTwo) {
  const std::vector<std::pair<std::vector<const char*>, const char*>> mistakes = {
      {{}, "subcommand"},
      {{"rnn"}, "subcommand"},
      {{"mlp", "--learning-rate", "-1"}, "learning_rate: must be a number in (0, 10]; got \"-1\""},
      {{"mlp", "--channels", "8"}, "--channels"},
      {{"mlp", "--threads", "0"}, "--threads"},
      {{"mlp", "--device", "tpu"}, "--device"},
      {{"mlp", "--objective-metric", "test:loss"}, "--objective-metric"},
      {{"mlp", "--train-samples", "few"}, "--train-samples"},
      {{"mlp", "--patience", "-1"}, "--patience"},
  };
  for (const auto& [arguments, expected] : mistakes) {
    const CommandLineExit exit = Exit(arguments);
    EXPECT_EQ(exit.code, kUsageExitCode) << exit.text;
    EXPECT_THAT(exit.text, HasSubstr(expected));
  }
}

TEST(CommandLineTest, MistakesOfTheEnvironmentAreNamedToo) {
  EXPECT_THAT(Exit({"mlp"}, {{"PEGBOX_PARAMS", R"({"lr": 1})"}}).text, HasSubstr("PEGBOX_PARAMS.lr"));
  EXPECT_THAT(Exit({"mlp"}, {{"PEGBOX_SEED", "-1"}}).text, HasSubstr("PEGBOX_SEED: must be a whole number"));
}

}  // namespace
}  // namespace pegbox::trainer
