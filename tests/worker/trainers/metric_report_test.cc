#include "worker/trainers/metric_report.h"

#include <gtest/gtest.h>

#include <limits>

namespace pegbox::trainer {
namespace {

TEST(MetricReportTest, LinesForSocketStandardOutputAndPeople) {
  const MetricReport report{3, {{"train:loss", 0.5}, {"validation:accuracy", 0.8125}}, true};
  EXPECT_EQ(SocketLine(report),
            R"({"step":3,"metrics":{"train:loss":0.5,"validation:accuracy":0.8125},"checkpoint":true})");
  EXPECT_EQ(MetricLine(report),
            R"(PEGBOX_METRICS {"step":3,"metrics":{"train:loss":0.5,"validation:accuracy":0.8125}})");
  EXPECT_EQ(HumanText(report), "train:loss=0.5000 validation:accuracy=0.8125");
}

TEST(MetricReportTest, NoCheckpointIsNotMentioned) {
  EXPECT_EQ(SocketLine({1, {{"a", 1.0}}, false}), R"({"step":1,"metrics":{"a":1.0}})");
}

TEST(MetricReportTest, ValuesThatJsonLacksAreNames) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(
      SocketLine({1, {{"a", std::numeric_limits<double>::quiet_NaN()}, {"b", kInfinity}, {"c", -kInfinity}}, false}),
      R"({"step":1,"metrics":{"a":"NaN","b":"Infinity","c":"-Infinity"}})");
}

}  // namespace
}  // namespace pegbox::trainer
