#include "client/cli/format.h"

#include <gtest/gtest.h>

#include <limits>

#include "client/cli/console.h"
#include "client/cli/sparkline.h"

namespace pegbox::cli {
namespace {

TEST(SparklineTest, SpansFromTheLowestToTheHighestValue) {
  EXPECT_EQ(Sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 20), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(Sparkline({-1e308, 1e308}, 20), "▁█");
  EXPECT_EQ(Sparkline({0.5}, 20), "▄");
  EXPECT_EQ(Sparkline({2, 2, 2}, 20), "▄▄▄");
  EXPECT_EQ(Sparkline({}, 20), "");
  EXPECT_EQ(Sparkline({1, 2}, 0), "");
}

TEST(SparklineTest, LongCurvesAreCutIntoRunsAndShownByTheirMeans) {
  EXPECT_EQ(Sparkline({0, 0, 0, 7, 7, 7}, 2), "▁█");
  EXPECT_EQ(Sparkline({0, 2, 7, 7}, 2), "▁█");
  const std::vector<double> many(1000, 1.0);
  EXPECT_EQ(Sparkline(many, 3), "▄▄▄");
}

TEST(SparklineTest, WhatIsNotFiniteIsMarkedAndLeavesTheScaleAlone) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Sparkline({0, nan, 1, infinity}, 10), "▁×█×");
  EXPECT_EQ(Sparkline({nan, nan}, 10), "××");
}

TEST(FormatTest, DurationsHaveTwoUnits) {
  EXPECT_EQ(FormatElapsed(absl::Milliseconds(850)), "850ms");
  EXPECT_EQ(FormatElapsed(absl::Seconds(59)), "59s");
  EXPECT_EQ(FormatElapsed(absl::Seconds(185)), "3m 05s");
  EXPECT_EQ(FormatElapsed(absl::Minutes(134)), "2h 14m");
  EXPECT_EQ(FormatElapsed(absl::Hours(76)), "3d 04h");
}

TEST(FormatTest, ValuesShowTheirTypesValue) {
  v1::ParameterValue value;
  value.set_double_value(0.000123456789);
  EXPECT_EQ(FormatValue(value), "0.00012346");
  value.set_int_value(-3);
  EXPECT_EQ(FormatValue(value), "-3");
  value.set_bool_value(true);
  EXPECT_EQ(FormatValue(value), "true");
  value.set_string_value("a\x1b[2J");
  EXPECT_EQ(FormatValue(value), "a\\x1b[2J");
}

TEST(FormatTest, StopsAndFailuresAreSaidInWords) {
  v1::Trial trial;
  EXPECT_EQ(StopSummary(trial), "");
  trial.mutable_stop()->set_rule("median");
  trial.mutable_stop()->set_step(4);
  EXPECT_EQ(StopSummary(trial), "median at epoch 4");
  trial.mutable_stop()->set_rule("user");
  EXPECT_EQ(StopSummary(trial), "stopped by the user");
  EXPECT_EQ(StateName(v1::Trial::EARLY_STOPPED), "early stopped");
  EXPECT_EQ(FailureName(v1::Failure::OUT_OF_MEMORY), "out of memory");
  EXPECT_EQ(EndReasonName(v1::TuningJob::MAX_JOBS), "max jobs");
}

TEST(FormatTest, NamesGiveTheirLastPart) {
  EXPECT_EQ(LastPart("tuningJobs/fashion"), "fashion");
  EXPECT_EQ(TrialNumber("tuningJobs/fashion/trials/12"), 12);
  EXPECT_EQ(TrialNumber(""), 0);
  EXPECT_EQ(TrialNumber("workers/12"), 0);
}

TEST(TableTest, NumbersStandRightAndTextLeft) {
  Table table({"NAME", "VALUE", "NOTE"});
  table.AddRow({"a", "1.5", ""});
  table.AddRow({"longer ü", "-", "x"});
  table.AddRow({"c", "100", ""});
  EXPECT_EQ(table.ToString(),
            "NAME      VALUE  NOTE\n"
            "a           1.5\n"
            "longer ü      -  x\n"
            "c           100\n");
}

TEST(ConsoleTest, ShellWordsAreQuotedWhereTheyMustBe) {
  EXPECT_EQ(ShellQuoted("./pegbox-data"), "./pegbox-data");
  EXPECT_EQ(ShellQuoted("my data"), "'my data'");
  EXPECT_EQ(ShellQuoted("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellQuoted(""), "''");
}

}  // namespace
}  // namespace pegbox::cli
