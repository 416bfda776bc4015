#include "server/store/json_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/contract/store_samples.h"

namespace pegbox {
namespace {

TEST(JsonCodecTest, FullSpecComesBack) {
  const TuningJobSpec spec = FullSpec();
  const auto decoded = DecodeSpec(EncodeSpec(spec));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, spec);
}

TEST(JsonCodecTest, EmptySpecComesBack) {
  const auto decoded = DecodeSpec(EncodeSpec(TuningJobSpec()));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, TuningJobSpec());
}

TEST(JsonCodecTest, EveryEnumeratorOfASpecComesBack) {
  TuningJobSpec spec = SampleJob("job").spec;
  const auto expect_same = [&] {
    const auto decoded = DecodeSpec(EncodeSpec(spec));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    EXPECT_EQ(*decoded, spec);
  };
  for (Goal goal : {Goal::kMinimize, Goal::kMaximize}) {
    for (ObjectiveScope scope : {ObjectiveScope::kBest, ObjectiveScope::kLast}) {
      for (Algorithm algorithm : {Algorithm::kBayesian, Algorithm::kRandom, Algorithm::kSobol}) {
        spec.objective.goal = goal;
        spec.objective.scope = scope;
        spec.strategy.algorithm = algorithm;
        expect_same();
      }
    }
  }
}

TEST(JsonCodecTest, DurationsComeBackToTheNanosecond) {
  TuningJobSpec spec;
  for (absl::Duration duration :
       {absl::InfiniteDuration(), -absl::InfiniteDuration(), absl::ZeroDuration(), absl::Nanoseconds(1),
        -absl::Nanoseconds(1), absl::Hours(24 * 365 * 1000) + absl::Nanoseconds(999'999'999)}) {
    spec.max_runtime = duration;
    EXPECT_EQ(DecodeSpec(EncodeSpec(spec))->max_runtime, duration) << duration;
  }
}

TEST(JsonCodecTest, AssignmentKeepsTypesApart) {
  const Assignment assignment = {{"double", 1.0},
                                 {"int64", int64_t{1}},
                                 {"bool", true},
                                 {"text", std::string("1")},
                                 {"lowest", std::numeric_limits<int64_t>::min()},
                                 {"highest", std::numeric_limits<int64_t>::max()},
                                 {"empty", std::string()},
                                 {"", std::string("\"\\\n\t\x01 \xc3\xa9")}};
  const auto decoded = DecodeAssignment(EncodeAssignment(assignment));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(*decoded, assignment);
  EXPECT_EQ(*DecodeAssignment(EncodeAssignment({})), Assignment());
}

TEST(JsonCodecTest, DoublesComeBackBitForBit) {
  const double kValues[] = {0.0,
                            -0.0,
                            1.0,
                            0.1,
                            1.0 / 3.0,
                            5e-324,
                            1.7976931348623157e308,
                            9007199254740993.0,
                            1e300,
                            1e21,
                            -1,
                            -1e-17,
                            std::numeric_limits<double>::infinity(),
                            -std::numeric_limits<double>::infinity()};
  for (double value : kValues) {
    const auto decoded = DecodeAssignment(EncodeAssignment({{"x", value}}));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    const double seen = std::get<double>(decoded->at("x"));
    EXPECT_EQ(std::memcmp(&seen, &value, sizeof(double)), 0) << value;
  }
  const auto decoded = DecodeAssignment(EncodeAssignment({{"x", std::nan("")}}));
  EXPECT_TRUE(std::isnan(std::get<double>(decoded->at("x"))));
}

TEST(JsonCodecTest, PartsOfATrialComeBack) {
  const Trial trial = FullTrial("job", 1);
  EXPECT_EQ(*DecodeProvenance(EncodeProvenance(trial.provenance)), trial.provenance);
  EXPECT_EQ(*DecodeStopDecision(EncodeStopDecision(*trial.stop)), *trial.stop);
  EXPECT_EQ(*DecodeFailure(EncodeFailure(*trial.failure)), *trial.failure);
  EXPECT_EQ(*DecodeProvenance(EncodeProvenance({})), Provenance());
  for (auto outcome : {StopDecision::Outcome::kCompleted, StopDecision::Outcome::kEarlyStopped,
                       StopDecision::Outcome::kCanceled, StopDecision::Outcome::kTimedOut}) {
    StopDecision decision = *trial.stop;
    decision.outcome = outcome;
    decision.threshold = -std::numeric_limits<double>::infinity();
    EXPECT_EQ(*DecodeStopDecision(EncodeStopDecision(decision)), decision);
  }
}

TEST(JsonCodecTest, BytesThatAreNotUtf8AreReplaced) {
  Failure failure;
  failure.detail = "last line: \xff\xfe";
  EXPECT_EQ(DecodeFailure(EncodeFailure(failure))->detail, "last line: \xef\xbf\xbd\xef\xbf\xbd");
}

TEST(JsonCodecTest, TextListsComeBack) {
  for (const std::vector<std::string>& texts :
       {std::vector<std::string>{}, {"one"}, {"one", "two"}, {"", "\"", "three"}}) {
    EXPECT_EQ(*DecodeTexts(EncodeTexts(texts)), texts);
  }
}

// What an earlier version wrote must be read for ever.
TEST(JsonCodecTest, StoredTextsAreFixed) {
  EXPECT_EQ(EncodeAssignment({{"lr", 0.001}, {"n", int64_t{2}}, {"on", false}, {"opt", std::string("adam")}}),
            R"({"lr":{"double":0.001},"n":{"int64":2},"on":{"bool":false},"opt":{"string":"adam"}})");
  EXPECT_EQ(EncodeFailure({FailureKind::kOutOfMemory, "killed", 137, 9}),
            R"({"detail":"killed","exit_code":137,"kind":"out_of_memory","signal":9})");
  EXPECT_EQ(EncodeStopDecision({"median", StopDecision::Outcome::kEarlyStopped, 3, 0.5, 0.25, 6, "why"}),
            R"({"compared_trials":6,"explanation":"why","outcome":"early_stopped","rule":"median","step":3,)"
            R"("threshold":0.25,"value":0.5})");
  EXPECT_EQ(EncodeSpec(SampleJob("job").spec),
            R"({"algorithm":"bayesian","display_name":"","early_stopping":[],"max_consecutive_failures":5,)"
            R"("max_jobs":100,"max_parallel_jobs":2,"max_runtime":"infinite",)"
            R"("objective":{"goal":"maximize","metric":"validation:accuracy","scope":"best"},)"
            R"("parameters":[{"domain":{"kind":"double","max":0.1,"min":1e-05,"scale":"log"},"name":"learning_rate"}],)"
            R"("seed":1,"trial":{"command":["train","--lr={learning_rate}"],"environment":{},)"
            R"("grace_period":{"nanoseconds":0,"seconds":10},"max_runtime":"infinite","metric_definitions":[],)"
            R"("working_directory":""}})");
}

TEST(JsonCodecTest, AbsentFieldsTakeTheirDefaults) {
  const auto failure = DecodeFailure(R"({"kind":"lost","a field of the future":[1]})");
  ASSERT_TRUE(failure.ok()) << failure.status();
  EXPECT_EQ(*failure, Failure{FailureKind::kLost});
  const auto provenance = DecodeProvenance(R"({"source":"random"})");
  ASSERT_TRUE(provenance.ok()) << provenance.status();
  EXPECT_EQ(provenance->source, "random");
}

TEST(JsonCodecTest, DamagedTextsAreDataLoss) {
  for (absl::string_view text : {"", "{", "null", "[]", "7", R"({"kind":7})", R"({"kind":"unknown"})", R"({"x":1})",
                                 R"({"x":{"double":"one"}})", R"({"x":{"int64":"1"}})", R"({"x":{}})", "\xff"}) {
    EXPECT_TRUE(absl::IsDataLoss(DecodeSpec(text).status())) << text;
    EXPECT_TRUE(absl::IsDataLoss(DecodeAssignment(text).status())) << text;
    EXPECT_TRUE(absl::IsDataLoss(DecodeProvenance(text).status())) << text;
    EXPECT_TRUE(absl::IsDataLoss(DecodeStopDecision(text).status())) << text;
    EXPECT_TRUE(absl::IsDataLoss(DecodeFailure(text).status())) << text;
    EXPECT_EQ(absl::IsDataLoss(DecodeTexts(text).status()), text != "[]") << text;
  }
}

TEST(JsonCodecTest, SpecThatBreaksARuleIsDataLoss) {
  std::string text = EncodeSpec(SampleJob("job").spec);
  const size_t at = text.find("\"max\":0.1");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 9, "\"max\":0.0");
  const auto decoded = DecodeSpec(text);
  EXPECT_TRUE(absl::IsDataLoss(decoded.status()));
  EXPECT_THAT(std::string(decoded.status().message()), ::testing::HasSubstr("parameters[0]"));
}

}  // namespace
}  // namespace pegbox
