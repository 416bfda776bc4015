#include "common/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pegbox {
namespace {

using ::testing::HasSubstr;

// Gives back the logger that the test found.
class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override { spdlog::set_default_logger(before_); }

  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(LogTest, EachNamedLevelIsTaken) {
  for (const char* level : {"debug", "info", "warning", "error", "off"}) {
    EXPECT_TRUE(ConfigureLog("pegbox-server", level, false).ok()) << level;
    EXPECT_EQ(Log()->level(), spdlog::level::from_str(level)) << level;
  }
}

TEST_F(LogTest, UnknownLevelIsRejectedAndChangesNothing) {
  ASSERT_TRUE(ConfigureLog("pegbox-server", "error", false).ok());
  const absl::Status status = ConfigureLog("pegbox-worker", "loud", false);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "log level: must be one of debug, info, warning, error, off; got \"loud\"");
  EXPECT_EQ(Log()->level(), spdlog::level::err);
  EXPECT_EQ(Log()->name(), "pegbox-server");
}

TEST_F(LogTest, EventsGoToStandardErrorWithTheProgramsName) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(ConfigureLog("pegbox-server", "info", false).ok());
  Log()->info("trial leased trial={} attempt={}", "tuningJobs/a/trials/1", 2);
  Log()->debug("not shown");
  const std::string output = testing::internal::GetCapturedStderr();
  EXPECT_THAT(output, HasSubstr("pegbox-server: trial leased trial=tuningJobs/a/trials/1 attempt=2\n"));
  EXPECT_THAT(output, Not(HasSubstr("not shown")));
}

TEST_F(LogTest, JsonIsOneObjectALine) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(ConfigureLog("pegbox-server", "info", true).ok());
  Log()->warn("disk filling free_bytes={}", 12);
  const std::string output = testing::internal::GetCapturedStderr();
  EXPECT_THAT(output, testing::StartsWith("{\"time\":\""));
  EXPECT_THAT(output,
              testing::EndsWith(R"("level":"warning","program":"pegbox-server","event":"disk filling free_bytes=12"})"
                                "\n"));
}

TEST_F(LogTest, TextStaysOnOneLine) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(ConfigureLog("pegbox-server", "info", false).ok());
  Log()->info("trial failed detail=\"a\\b\"\n2026 forged line");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::EndsWith("trial failed detail=\"a\\b\"\\n2026 forged line\n"));
}

// A message may carry a program's last words, a path with a quote, a line break.
TEST_F(LogTest, JsonEscapesWhatTheMessageHolds) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(ConfigureLog("pegbox-server", "info", true).ok());
  Log()->info("trial failed detail=\"a\\b\"\nnext\t\x01");
  const std::string output = testing::internal::GetCapturedStderr();
  EXPECT_THAT(output, HasSubstr(R"("event":"trial failed detail=\"a\\b\"\nnext\t\u0001"})"));
}

}  // namespace
}  // namespace pegbox
