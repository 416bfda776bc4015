#include "client/cli/yaml_scalar.h"

#include <gtest/gtest.h>

#include <string>

namespace pegbox::cli {
namespace {

YamlNode Plain(const std::string& text) { return {.kind = YamlNode::Kind::kScalar, .line = 1, .scalar = text}; }
YamlNode QuotedText(const std::string& text) {
  return {.kind = YamlNode::Kind::kScalar, .line = 1, .scalar = text, .is_quoted = true};
}

TEST(YamlScalarTest, DurationsNeedAUnit) {
  EXPECT_EQ(*ReadDuration(Plain("90s")), absl::Seconds(90));
  EXPECT_EQ(*ReadDuration(Plain("5m")), absl::Minutes(5));
  EXPECT_EQ(*ReadDuration(Plain("1h30m")), absl::Minutes(90));
  EXPECT_EQ(*ReadDuration(Plain("1.5h")), absl::Minutes(90));
  EXPECT_EQ(*ReadDuration(Plain("250ms")), absl::Milliseconds(250));
  EXPECT_EQ(*ReadDuration(Plain("0s")), absl::ZeroDuration());
  EXPECT_EQ(*ReadDuration(QuotedText("10s")), absl::Seconds(10));
  for (const char* text : {"90", "0", "-5s", "inf", "1 hour", "s", "", "5d", "1h 30m"}) {
    EXPECT_EQ(ReadDuration(Plain(text)).status().message(),
              std::string("must be a time with its unit, such as 90s, 5m or 1h30m; got ") + text);
  }
}

TEST(YamlScalarTest, NumbersAreDecimalAndFinite) {
  EXPECT_EQ(*ReadDouble(Plain("1e-5")), 1e-5);
  EXPECT_EQ(*ReadDouble(Plain("-.5")), -0.5);
  EXPECT_EQ(*ReadDouble(Plain("3")), 3);
  for (const char* text : {"nan", ".inf", "inf", "1e999", "0x10", "1_000", "fast", "", "1.2.3"}) {
    EXPECT_FALSE(ReadDouble(Plain(text)).ok()) << text;
  }
  EXPECT_EQ(*ReadInt64(Plain("-9223372036854775808")), INT64_MIN);
  for (const char* text : {"9223372036854775808", "1.0", "1e3", "0x10", "ten"}) {
    EXPECT_FALSE(ReadInt64(Plain(text)).ok()) << text;
  }
  EXPECT_EQ(*ReadUint64(Plain("18446744073709551615")), UINT64_MAX);
  EXPECT_FALSE(ReadUint64(Plain("-1")).ok());
  EXPECT_EQ(ReadDouble(QuotedText("0.1")).status().message(), "must be a finite number, without quotes; got \"0.1\"");
}

TEST(YamlScalarTest, OnlyTrueAndFalseAreBools) {
  EXPECT_TRUE(*ReadBool(Plain("true")));
  EXPECT_FALSE(*ReadBool(Plain("False")));
  for (const char* text : {"yes", "no", "on", "1", "y"}) EXPECT_FALSE(ReadBool(Plain(text)).ok()) << text;
}

TEST(YamlScalarTest, UntypedValuesGoByTheScalar) {
  EXPECT_EQ(ReadUntypedValue(Plain("3"))->int_value(), 3);
  EXPECT_EQ(ReadUntypedValue(Plain("3.0"))->double_value(), 3.0);
  EXPECT_EQ(ReadUntypedValue(Plain("1e-4"))->double_value(), 1e-4);
  EXPECT_EQ(ReadUntypedValue(Plain("true"))->kind_case(), v1::ParameterValue::kBoolValue);
  EXPECT_EQ(ReadUntypedValue(Plain("adam"))->string_value(), "adam");
  EXPECT_EQ(ReadUntypedValue(QuotedText("3"))->string_value(), "3");
  EXPECT_EQ(ReadUntypedValue(QuotedText("true"))->string_value(), "true");
  EXPECT_FALSE(ReadUntypedValue(Plain("99999999999999999999")).ok());
  EXPECT_FALSE(ReadUntypedValue(YamlNode{}).ok());
}

}  // namespace
}  // namespace pegbox::cli
