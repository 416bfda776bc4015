#include "worker/metrics/metric_line_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace pegbox::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr char kNumber[] = "([0-9.eE+-]+|nan|-?inf)";

MetricLineParser Make(const std::vector<MetricDefinition>& definitions) {
  auto parser = MetricLineParser::Create(definitions);
  EXPECT_TRUE(parser.ok()) << parser.status();
  return *std::move(parser);
}

// All measurements of the lines; no line may have a problem.
std::vector<Measurement> ParseAll(MetricLineParser& parser, const std::vector<std::string>& lines) {
  std::vector<Measurement> all;
  for (const std::string& line : lines) {
    const ParsedLine parsed = parser.Parse(line);
    EXPECT_TRUE(parsed.problem.ok()) << line << ": " << parsed.problem;
    all.insert(all.end(), parsed.report.measurements.begin(), parsed.report.measurements.end());
  }
  return all;
}

TEST(MetricLineParserTest, PrefixedLineIsAReport) {
  MetricLineParser parser = Make({});
  const ParsedLine parsed = parser.Parse(R"(PEGBOX_METRICS {"step": 2, "metrics": {"loss": 0.5}, "checkpoint": true})");
  ASSERT_TRUE(parsed.problem.ok()) << parsed.problem;
  EXPECT_TRUE(parsed.report.checkpoint);
  EXPECT_THAT(parsed.report.measurements, ElementsAre(Measurement{"loss", 2, 0.5}));
}

TEST(MetricLineParserTest, BrokenPrefixedLineIsAProblemAndTheNextLineCounts) {
  MetricLineParser parser = Make({});
  const ParsedLine parsed = parser.Parse("PEGBOX_METRICS {oops");
  EXPECT_EQ(parsed.problem.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(parsed.report.empty());
  EXPECT_THAT(ParseAll(parser, {R"(PEGBOX_METRICS {"step":1,"metrics":{"a":1}})"}),
              ElementsAre(Measurement{"a", 1, 1}));
}

TEST(MetricLineParserTest, OrdinaryLinesSayNothing) {
  MetricLineParser parser = Make({{"loss", absl::StrCat("loss=", kNumber)}});
  EXPECT_THAT(ParseAll(parser, {"", "starting", "loss", "PEGBOX_METRICS", std::string("\0\xff\xfe", 3)}), IsEmpty());
}

TEST(MetricLineParserTest, WithoutAStepEachMetricCountsItsOwn) {
  MetricLineParser parser = Make({{"loss", "loss=([0-9.]+)"}, {"acc", "acc=([0-9.]+)"}});
  EXPECT_THAT(ParseAll(parser, {"loss=3", "loss=2 acc=0.5", "acc=0.6"}),
              ElementsAre(Measurement{"loss", 1, 3}, Measurement{"loss", 2, 2}, Measurement{"acc", 1, 0.5},
                          Measurement{"acc", 2, 0.6}));
}

TEST(MetricLineParserTest, StepOfItsOwnLineCountsWhereverItStands) {
  MetricLineParser parser = Make({{"loss", "loss=([0-9.]+)"}, {"epoch", "epoch ([0-9]+)"}});
  EXPECT_THAT(ParseAll(parser, {"loss=9", "epoch 3 loss=0.3", "loss=0.2 (epoch 4)"}),
              ElementsAre(Measurement{"loss", 0, 9}, Measurement{"loss", 3, 0.3}, Measurement{"loss", 4, 0.2}));
}

TEST(MetricLineParserTest, StepHoldsForTheLinesAfterItAndTheFirstValueOfAStepCounts) {
  MetricLineParser parser = Make({{"step", "step ([0-9]+)"}, {"loss", "loss=([0-9.]+)"}, {"acc", "acc=([0-9.]+)"}});
  EXPECT_THAT(ParseAll(parser, {"step 10", "loss=1", "loss=2", "acc=0.5", "step 20", "loss=3"}),
              ElementsAre(Measurement{"loss", 10, 1}, Measurement{"acc", 10, 0.5}, Measurement{"loss", 20, 3}));
}

TEST(MetricLineParserTest, NameDecidesWhichDefinitionIsTheStep) {
  MetricLineParser by_epoch = Make({{"step", "step=([0-9]+)"}, {"epoch", "epoch=([0-9]+)"}});
  EXPECT_THAT(ParseAll(by_epoch, {"epoch=2 step=500"}), ElementsAre(Measurement{"step", 2, 500}));
  MetricLineParser by_own_name = Make({{"epoch", "epoch=([0-9]+)"}, {"pegbox:step", "iteration=([0-9]+)"}});
  EXPECT_THAT(ParseAll(by_own_name, {"epoch=2 iteration=500"}), ElementsAre(Measurement{"epoch", 500, 2}));
}

TEST(MetricLineParserTest, NumbersInAllTheirForms) {
  const std::vector<std::pair<std::string, double>> cases = {
      {"1", 1},          {"-0.5", -0.5},
      {"1e-3", 1e-3},    {"1E5", 1e5},
      {"+.25", 0.25},    {"3.", 3},
      {"0.91.", 0.91},   {"inf", std::numeric_limits<double>::infinity()},
      {" 7 ,", 7},       {"-inf", -std::numeric_limits<double>::infinity()},
      {"5e-324", 5e-324}};
  for (const auto& [text, value] : cases) {
    MetricLineParser parser = Make({{"loss", "loss=(.*)"}});
    EXPECT_THAT(ParseAll(parser, {"loss=" + text}), ElementsAre(Measurement{"loss", 1, value})) << text;
  }
  MetricLineParser parser = Make({{"loss", "loss=(.*)"}});
  const auto measurements = ParseAll(parser, {"loss=nan", "loss=NaN"});
  ASSERT_EQ(measurements.size(), 2);
  EXPECT_TRUE(std::isnan(measurements[0].value) && std::isnan(measurements[1].value));
}

TEST(MetricLineParserTest, CapturesThatAreNoNumbersAreProblemsAndOtherMetricsOfTheLineCount) {
  MetricLineParser parser = Make({{"epoch", R"(epoch=(\S*))"}, {"loss", R"(loss=(\S*))"}, {"acc", R"(acc=(\S*))"}});
  for (const char* bad : {"", "x", "0x10", "1,000", "1e", "--1", "1.2.3", "12abc", "\xff"}) {
    const ParsedLine parsed = parser.Parse(absl::StrCat("loss=", bad));
    EXPECT_TRUE(parsed.report.empty()) << bad;
    EXPECT_FALSE(parsed.problem.ok()) << bad;
  }
  for (const char* bad : {"-1", "1.5", "x", "9007199254740993", "99999999999999999999"}) {
    EXPECT_THAT(std::string(parser.Parse(absl::StrCat("epoch=", bad)).problem.message()),
                HasSubstr("integer from 0 to 2^53"))
        << bad;
  }
  const ParsedLine parsed = parser.Parse("epoch=4 loss=oops acc=0.5");
  EXPECT_THAT(parsed.report.measurements, ElementsAre(Measurement{"acc", 4, 0.5}));
  EXPECT_EQ(parsed.problem.message(), "metric loss: its regular expression caught \"oops\", which is not a number");
}

TEST(MetricLineParserTest, SageMakersPublishedDefinitionsWork) {
  MetricLineParser parser = Make({{"train:error", R"(Train_error=(.*?);)"},
                                  {"validation:error", R"(Valid_error=(.*?);)"},
                                  {"ObjectiveMetric", R"(#quality_metric: host=\S+, .*loss <score>=\((\S+)\))"}});
  EXPECT_THAT(ParseAll(parser, {"Train_error=0.138318;  Valid_error=0.324557;",
                                "#quality_metric: host=algo-1, train loss <score>=(2.5)"}),
              ElementsAre(Measurement{"train:error", 1, 0.138318}, Measurement{"validation:error", 1, 0.324557},
                          Measurement{"ObjectiveMetric", 1, 2.5}));
}

TEST(MetricLineParserTest, BadDefinitionsAreRejectedWithTheirReason) {
  struct Case {
    std::string name;
    std::string regex;
    std::string error;
  };
  const std::vector<Case> cases = {
      {"", "(a)", ".name: a metric's name"},
      {"a b", "(a)", ".name: a metric's name"},
      {"caf\xc3\xa9", "(a)", ".name: a metric's name"},
      {std::string(129, 'a'), "(a)", ".name: a metric's name"},
      {"good", "(a)", ".name: must be unique"},
      {"a", "", ".regex: has 1 to 512 bytes; got 0"},
      {"a", std::string(513, 'a'), ".regex: has 1 to 512 bytes; got 513"},
      {"a", "loss=.*", "exactly one capture group, the number; got 0; put the number in parentheses"},
      {"a", "loss=(?:.*)", "got 0"},
      {"a", R"(loss=\(.*\))", "got 0"},
      {"a", "(loss)=(.*)", "got 2; write the others as (?:...)"},
      {"a", "loss=((.)*)", "got 2"},
      {"a", "loss=(", "is not a regular expression"},
      {"a", "loss=)", "is not a regular expression"},
      {"a", "[a-", "is not a regular expression"},
      {"a", "*(a)", "is not a regular expression"},
      {"a", "(a){2,1}", "is not a regular expression"},
      {"a", "(a){1001}", "is not a regular expression"},
      {"a", "(?=x)(a)", "look-around and back-references are not supported"},
      {"a", "(?<=x)(a)", "is not a regular expression"},
      {"a", R"((a)\1)", "is not a regular expression"},
      {"a", R"((\p{Nope}))", "is not a regular expression"},
      {"a", "(\xff)", "is not a regular expression"},
      {"a", "((?:a{100}){100}{100})", "is not a regular expression"},
      {"a", "(a)\\", "is not a regular expression"},
  };
  for (const Case& c : cases) {
    const auto parser = MetricLineParser::Create({{"good", "(a)"}, {c.name, c.regex}});
    ASSERT_FALSE(parser.ok()) << c.regex;
    EXPECT_EQ(parser.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(parser.status().message()), StartsWith("metric_definitions[1].")) << c.regex;
    EXPECT_THAT(std::string(parser.status().message()), HasSubstr(c.error)) << c.regex;
  }
}

TEST(MetricLineParserTest, NumberOfDefinitionsIsLimited) {
  std::vector<MetricDefinition> definitions;
  for (size_t i = 0; i < kMaxMetricDefinitions; ++i) definitions.push_back({absl::StrCat("m", i), "(a)"});
  EXPECT_TRUE(MetricLineParser::Create(definitions).ok());
  definitions.push_back({"one_more", "(a)"});
  EXPECT_EQ(MetricLineParser::Create(definitions).status().message(), "metric_definitions: at most 64; got 65");
}

TEST(MetricLineParserTest, HostilePatternAndLineTakeLinearTime) {
  // A backtracking engine needs 2^16384 steps for this.
  MetricLineParser parser = Make({{"loss", "(?:(?:a*)*)*b([0-9])"}});
  EXPECT_THAT(ParseAll(parser, {std::string(16384, 'a')}), IsEmpty());
}

}  // namespace
}  // namespace pegbox::worker
