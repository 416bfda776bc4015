#include "worker/metrics/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace pegbox::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ReportTest, ReadsStepMetricsAndCheckpoint) {
  const auto report = ParseReportLine(
      R"({"step": 3, "metrics": {"validation:accuracy": 0.91, "train/loss": -1e-3, "n": 7}, "checkpoint": true})");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->step, 3);
  EXPECT_TRUE(report->checkpoint);
  EXPECT_THAT(report->measurements, ElementsAre(Measurement{"n", 3, 7}, Measurement{"train/loss", 3, -1e-3},
                                                Measurement{"validation:accuracy", 3, 0.91}));
}

TEST(ReportTest, CheckpointAloneIsAReport) {
  const auto report = ParseReportLine(R"({"step":0,"checkpoint":true})");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->checkpoint);
  EXPECT_THAT(report->measurements, IsEmpty());
}

TEST(ReportTest, LargestStepIsAccepted) {
  const auto report = ParseReportLine(R"({"step":9007199254740992,"metrics":{"a":1}})");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->step, kMaxStep);
}

TEST(ReportTest, SpecialValuesAreReadQuotedAndAsPythonWritesThem) {
  for (const char* line : {R"({"step":1,"metrics":{"a":"NaN","b":"Infinity","c":"-Infinity"}})",
                           R"({"step":1,"metrics":{"a":NaN,"b":Infinity,"c":-Infinity}})"}) {
    const auto report = ParseReportLine(line);
    ASSERT_TRUE(report.ok()) << report.status();
    ASSERT_EQ(report->measurements.size(), 3);
    EXPECT_TRUE(std::isnan(report->measurements[0].value));
    EXPECT_EQ(report->measurements[1].value, std::numeric_limits<double>::infinity());
    EXPECT_EQ(report->measurements[2].value, -std::numeric_limits<double>::infinity());
  }
}

TEST(ReportTest, SpecialWordsInsideNamesAreLeftAlone) {
  const auto report = ParseReportLine(R"({"step":1,"metrics":{"NaN":1,"Infinity":2}})");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->measurements, ElementsAre(Measurement{"Infinity", 1, 2}, Measurement{"NaN", 1, 1}));
}

TEST(ReportTest, LimitsOfSizeHoldExactly) {
  const auto with_metrics = [](size_t count) {
    std::string line = R"({"step":1,"metrics":{)";
    for (size_t i = 0; i < count; ++i) absl::StrAppend(&line, i == 0 ? "" : ",", "\"m", i, "\":1");
    return line + "}}";
  };
  EXPECT_EQ(ParseReportLine(with_metrics(256))->measurements.size(), 256);
  EXPECT_THAT(std::string(ParseReportLine(with_metrics(257)).status().message()), HasSubstr("at most 256"));

  std::string padded = R"({"step":1,"checkpoint":true})";
  padded.resize(kMaxReportLineBytes, ' ');
  EXPECT_TRUE(ParseReportLine(padded).ok());
  EXPECT_THAT(std::string(ParseReportLine(padded + " ").status().message()), HasSubstr("at most 65536 bytes"));
  EXPECT_TRUE(ValidateMetricName("name", std::string(128, 'a')).ok());
  EXPECT_FALSE(ValidateMetricName("name", std::string(129, 'a')).ok());
}

TEST(ReportTest, BadLinesAreRejectedWithTheirReason) {
  struct Case {
    std::string line;
    std::string error;
  };
  const std::vector<Case> cases = {
      {"", "one JSON object"},
      {"hello", "one JSON object"},
      {"[]", "one JSON object"},
      {"null", "one JSON object"},
      {"3", "one JSON object"},
      {R"({"step": 1, "metrics": {"a": 1})", "one JSON object"},
      {R"({"step": 1, "metrics": {"a": 1}} x)", "one JSON object"},
      {R"({"step": 1, "metrics": {"a": 1e999}})", "one JSON object"},
      {R"({"step": 1, "metrics": {"a": nan}})", "one JSON object"},
      {R"({'step': 1})", "one JSON object"},
      {std::string(kMaxReportLineBytes, '['), "one JSON object"},
      {"{\"step\": 1, \"metrics\": {\"\xff\": 1}}", "one JSON object"},
      {std::string("{\"step\": 1,\0}", 13), "one JSON object"},
      {R"({"metrics": {"a": 1}})", "step: is required"},
      {R"({"step": -1, "metrics": {"a": 1}})", "step: must be an integer from 0 to 2^53; got -1"},
      {R"({"step": 1.5, "metrics": {"a": 1}})", "got 1.5"},
      {R"({"step": "1", "metrics": {"a": 1}})", "got \"1\""},
      {R"({"step": null, "metrics": {"a": 1}})", "got null"},
      {R"({"step": true, "metrics": {"a": 1}})", "got true"},
      {R"({"step": NaN, "metrics": {"a": 1}})", "step: must be"},
      {R"({"step": 9007199254740993, "metrics": {"a": 1}})", "got 9007199254740993"},
      {R"({"step": 99999999999999999999999, "metrics": {"a": 1}})", "step: must be"},
      {R"({"step": 1})", "says nothing"},
      {R"({"step": 1, "metrics": {}})", "says nothing"},
      {R"({"step": 1, "checkpoint": false})", "says nothing"},
      {R"({"step": 1, "metrics": [1]})", "metrics: must be an object"},
      {R"({"step": 1, "metrics": {"a": "0.5"}})", "metrics[\"a\"]: must be a number"},
      {R"({"step": 1, "metrics": {"a": true}})", "got true"},
      {R"({"step": 1, "metrics": {"a": null}})", "got null"},
      {R"({"step": 1, "metrics": {"a": [0.5]}})", "got [0.5]"},
      {R"({"step": 1, "metrics": {"": 1}})", "1 to 128 characters"},
      {R"({"step": 1, "metrics": {"a b": 1}})", "got \"a b\""},
      {R"({"step": 1, "metrics": {"a\n": 1}})", "got \"a\\n\""},
      {R"({"step": 1, "checkpoint": 1, "metrics": {"a": 1}})", "checkpoint: must be true or false; got 1"},
      {R"({"step": 1, "metric": {"a": 1}})", "unknown key \"metric\""},
  };
  for (const Case& c : cases) {
    const auto report = ParseReportLine(c.line);
    ASSERT_FALSE(report.ok()) << c.line;
    EXPECT_EQ(report.status().code(), absl::StatusCode::kInvalidArgument) << c.line;
    const std::string message(report.status().message());
    EXPECT_THAT(message, HasSubstr(c.error)) << c.line;
    EXPECT_LE(message.size(), 1024) << c.line;
    for (const char ch : message) EXPECT_TRUE(ch >= 0x20 && ch < 0x7f) << c.line;
  }
}

}  // namespace
}  // namespace pegbox::worker
