#include "client/cli/text.h"

#include <gtest/gtest.h>

namespace pegbox::cli {
namespace {

TEST(TextTest, NearestFindsTyposOtherCasesAndSwaps) {
  const std::vector<std::string> known = {"max_jobs", "max_parallel_jobs", "max_runtime", "min", "max", "metric"};
  EXPECT_EQ(Nearest("max_job", known), "max_jobs");
  EXPECT_EQ(Nearest("maxParallelJobs", known), "max_parallel_jobs");
  EXPECT_EQ(Nearest("max-runtime", known), "max_runtime");
  EXPECT_EQ(Nearest("mtric", known), "metric");
  EXPECT_EQ(Nearest("mni", known), "min");
  EXPECT_EQ(Nearest("maximum_number_of_jobs", known), "");
  EXPECT_EQ(Nearest("learning_rate", known), "");
  EXPECT_EQ(Nearest(std::string(1000, 'm'), known), "");
}

TEST(TextTest, OnlyWellFormedUtf8IsValid) {
  EXPECT_TRUE(IsValidUtf8("plain, ü, ▁, 😀"));
  EXPECT_FALSE(IsValidUtf8("\xff"));
  EXPECT_FALSE(IsValidUtf8("\xc3"));          // cut
  EXPECT_FALSE(IsValidUtf8("\xc0\xaf"));      // overlong "/"
  EXPECT_FALSE(IsValidUtf8("\xe0\x80\xaf"));  // overlong
  EXPECT_FALSE(IsValidUtf8("\xed\xa0\x80"));  // surrogate
  EXPECT_FALSE(IsValidUtf8("\xf4\x90\x80\x80"));
}

TEST(TextTest, ControlCharactersCannotReachTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[31mb\nc\t\x7f"), "a\\x1b[31mb\\nc\\t\\x7f");
  EXPECT_EQ(Quoted("abcdef", 3), "\"abc...\"");
  EXPECT_EQ(Quoted("aü", 2), "\"a...\"");
}

TEST(TextTest, ColorsTakeNoWidthAndSurviveTheCut) {
  EXPECT_EQ(DisplayWidth("\x1b[1;32m▁▂x\x1b[0m"), 3);
  EXPECT_EQ(FitWidth("abc", 3), "abc");
  EXPECT_EQ(FitWidth("abcd", 3), "ab…");
  EXPECT_EQ(FitWidth("\x1b[32mabcd\x1b[0m", 3), "\x1b[32mab…\x1b[0m");
  EXPECT_EQ(FitWidth("▁▂▃▄", 2), "▁…");
}

}  // namespace
}  // namespace pegbox::cli
