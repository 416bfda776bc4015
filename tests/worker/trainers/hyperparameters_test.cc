#include "worker/trainers/hyperparameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pegbox::trainer {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Values = std::map<std::string, std::string>;

std::string ErrorFor(const Values& values) {
  return std::string(ResolveHyperparameters(ModelKind::kMlp, values, {}).status().message());
}

Hyperparameters FromParams(const std::string& json, const Values& flags = {}) {
  const auto params = ParseParams(ModelKind::kMlp, json);
  EXPECT_TRUE(params.ok()) << params.status();
  const auto resolved = ResolveHyperparameters(ModelKind::kMlp, flags, params.value_or(Values{}));
  EXPECT_TRUE(resolved.ok()) << resolved.status();
  return resolved.value_or(Hyperparameters{});
}

TEST(HyperparametersTest, ParamsSetEveryValue) {
  const Hyperparameters tuned = FromParams(
      R"({"learning_rate": 0.01, "weight_decay": 1e-4, "l1": 1e-5, "dropout": 0.25, "batch_size": 32,
          "hidden_sizes": "128,64", "epochs": 7, "optimizer": "sgd", "momentum": 0.8})");
  EXPECT_EQ(tuned.learning_rate, 0.01);
  EXPECT_EQ(tuned.weight_decay, 1e-4);
  EXPECT_EQ(tuned.l1, 1e-5);
  EXPECT_EQ(tuned.dropout, 0.25);
  EXPECT_EQ(tuned.batch_size, 32);
  EXPECT_THAT(tuned.hidden_sizes, ElementsAre(128, 64));
  EXPECT_EQ(tuned.epochs, 7);
  EXPECT_EQ(tuned.optimizer, OptimizerKind::kSgd);
  EXPECT_EQ(tuned.momentum, 0.8);
}

TEST(HyperparametersTest, SeventeenDigitsSurvive) {
  EXPECT_EQ(FromParams(R"({"learning_rate": 0.0012345678901234567})").learning_rate, 0.0012345678901234567);
}

TEST(HyperparametersTest, FlagWinsOverParamsAndParamsOverDefault) {
  const Hyperparameters tuned =
      FromParams(R"({"learning_rate": 0.01, "dropout": 0.5})", Values{{"learning_rate", "0.1"}});
  EXPECT_EQ(tuned.learning_rate, 0.1);
  EXPECT_EQ(tuned.dropout, 0.5);
  EXPECT_EQ(tuned.batch_size, Hyperparameters{}.batch_size);
}

TEST(HyperparametersTest, AFlagReplacesABadValueOfParams) {
  EXPECT_EQ(FromParams(R"({"dropout": 7})", Values{{"dropout", "0.5"}}).dropout, 0.5);
}

TEST(HyperparametersTest, WholeNumbersMayComeAsDoublesOrText) {
  EXPECT_EQ(FromParams(R"({"batch_size": 32.0})").batch_size, 32);
  EXPECT_EQ(FromParams(R"({"batch_size": "128"})").batch_size, 128);
}

TEST(HyperparametersTest, HiddenSizesMayBeListOrOneNumber) {
  EXPECT_THAT(FromParams(R"({"hidden_sizes": [32, 16, 8]})").hidden_sizes, ElementsAre(32, 16, 8));
  EXPECT_THAT(FromParams(R"({"hidden_sizes": 32})").hidden_sizes, ElementsAre(32));
}

TEST(HyperparametersTest, HiddenSizeAndNumLayersAreAnotherWayToSayHiddenSizes) {
  EXPECT_THAT(FromParams(R"({"hidden_size": 64, "num_layers": 3})").hidden_sizes, ElementsAre(64, 64, 64));
  EXPECT_THAT(FromParams(R"({"hidden_size": 64})").hidden_sizes, ElementsAre(64, 64));
  EXPECT_THAT(FromParams(R"({"num_layers": 1})").hidden_sizes, ElementsAre(256));
  EXPECT_THAT(FromParams(R"({"hidden_sizes": "8"})", Values{{"num_layers", "1"}}).hidden_sizes, ElementsAre(256));
}

TEST(HyperparametersTest, BothWaysAtOnceAreAnError) {
  EXPECT_THAT(ErrorFor({{"hidden_sizes", "8"}, {"num_layers", "2"}}), StartsWith("hidden_sizes: must come without"));
}

TEST(HyperparametersTest, UnknownKeyOfParamsIsNamed) {
  EXPECT_THAT(std::string(ParseParams(ModelKind::kMlp, R"({"learnign_rate": 1})").status().message()),
              AllOf(StartsWith("PEGBOX_PARAMS.learnign_rate: "), HasSubstr("known are learning_rate, ")));
}

TEST(HyperparametersTest, ChannelsAreForCnnOnly) {
  EXPECT_FALSE(ParseParams(ModelKind::kMlp, R"({"channels": "8"})").ok());
  const auto params = ParseParams(ModelKind::kCnn, R"({"channels": "8,16"})");
  ASSERT_TRUE(params.ok()) << params.status();
  EXPECT_THAT(ResolveHyperparameters(ModelKind::kCnn, {}, *params)->channels, ElementsAre(8, 16));
}

TEST(HyperparametersTest, ParamsMustBeAnObjectOfPlainValues) {
  for (const char* json : {"[1]", "{", "null", R"({"dropout": null})", R"({"dropout": {"a": 1}})",
                           R"({"dropout": true})", R"({"hidden_sizes": [[1]]})"}) {
    EXPECT_EQ(ParseParams(ModelKind::kMlp, json).status().code(), absl::StatusCode::kInvalidArgument) << json;
  }
  EXPECT_TRUE(ParseParams(ModelKind::kMlp, "").ok());
}

TEST(HyperparametersTest, EveryValueOutOfRangeIsAnErrorThatNamesRuleAndValue) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> bad = {
      {"learning_rate", {"0", "-1", "10.5", "nan", "inf", "abc", "", "0.1x"}},
      {"weight_decay", {"-0.1", "11", "nan"}},
      {"l1", {"-1e-9", "1.5"}},
      {"dropout", {"1", "-0.1", "2"}},
      {"batch_size", {"0", "-4", "65537", "3.5", "many"}},
      {"hidden_sizes", {"", "0", "128,", "1,2,x", "20000", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"}},
      {"hidden_size", {"0", "20000"}},
      {"num_layers", {"0", "17"}},
      {"epochs", {"0", "100001", "1e99"}},
      {"optimizer", {"Adam", "adamw", ""}},
      {"momentum", {"1", "-0.5"}},
  };
  for (const auto& [name, texts] : bad) {
    for (const std::string& text : texts) {
      EXPECT_THAT(ErrorFor({{name, text}}), AllOf(StartsWith(name + ": must be "), HasSubstr("got \"" + text + "\"")));
    }
  }
}

}  // namespace
}  // namespace pegbox::trainer
