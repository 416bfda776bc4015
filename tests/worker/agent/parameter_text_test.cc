#include "worker/agent/parameter_text.h"

#include <gmock/gmock.h>

#include <limits>

#include "absl/strings/numbers.h"

namespace pegbox::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

const std::map<std::string, ParameterValue> kParameters = {
    {"rate", 1e-5}, {"batch", 32.0}, {"layers", int64_t{3}}, {"name", std::string("a \"b\"")}, {"nesterov", true}};

TEST(FormatParameterTest, WholeDoublesReadAsIntegers) {
  EXPECT_EQ(FormatParameter(32.0), "32");
  EXPECT_EQ(FormatParameter(100000.0), "100000");
  EXPECT_EQ(FormatParameter(-0.0), "0");
  EXPECT_EQ(FormatParameter(9007199254740992.0), "9007199254740992");
}

TEST(FormatParameterTest, DoublesReadBackAsTheSameValue) {
  for (const double value : {0.1, 1.0 / 3, 1e-300, 5e-324, 1e300, -2.5, std::numeric_limits<double>::max()}) {
    double read_back = 0;
    EXPECT_TRUE(absl::SimpleAtod(FormatParameter(value), &read_back));
    EXPECT_EQ(read_back, value);
  }
  EXPECT_EQ(FormatParameter(0.1), "0.1");
}

TEST(FormatParameterTest, OtherTypesAreWrittenPlainly) {
  EXPECT_EQ(FormatParameter(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(FormatParameter(true), "true");
  EXPECT_EQ(FormatParameter(false), "false");
  EXPECT_EQ(FormatParameter(std::string("; rm -rf $HOME")), "; rm -rf $HOME");
}

TEST(ParametersJsonTest, TypesAreKept) {
  EXPECT_EQ(ParametersJson(kParameters), R"({"batch":32.0,"layers":3,"name":"a \"b\"","nesterov":true,"rate":1e-05})");
  EXPECT_EQ(ParametersJson({}), "{}");
}

TEST(ExpandCommandTest, PlaceholdersAndBracesAreReplaced) {
  const auto expanded =
      ExpandCommand({"train", "--rate={rate}", "{layers}x{batch}", "{{{name}}}", "{{rate}}", "plain", ""}, kParameters);
  ASSERT_TRUE(expanded.ok()) << expanded.status();
  EXPECT_THAT(*expanded, ElementsAre("train", "--rate=1e-05", "3x32", "{a \"b\"}", "{rate}", "plain", ""));
}

// What a value holds is never looked at again.
TEST(ExpandCommandTest, ValuesWithBracesAreNotExpanded) {
  const auto expanded = ExpandCommand({"{a}"}, {{"a", std::string("{b}")}, {"b", std::string("no")}});
  ASSERT_TRUE(expanded.ok());
  EXPECT_THAT(*expanded, ElementsAre("{b}"));
}

TEST(ExpandCommandTest, UnknownParametersAndOpenBracesAreRejectedWithTheirPlace) {
  const auto error = [](const std::string& argument) {
    return std::string(ExpandCommand({"program", argument}, kParameters).status().message());
  };
  EXPECT_THAT(error("{nothing}"), StartsWith("command[1]: placeholder {nothing} must name a parameter"));
  EXPECT_THAT(error("{}"), StartsWith("command[1]: placeholder {} must name a parameter"));
  EXPECT_THAT(error("{rate"), StartsWith("command[1]: braces must be balanced"));
  EXPECT_THAT(error("rate}"), StartsWith("command[1]: braces must be balanced"));
  EXPECT_THAT(error("{a{rate}"), StartsWith("command[1]: braces must be balanced"));
}

}  // namespace
}  // namespace pegbox::worker
