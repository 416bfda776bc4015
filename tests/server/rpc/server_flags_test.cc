// The command line of pegbox-server: what is taken, and what is said of each mistake.
#include "server/server_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pegbox {
namespace {

using testing::HasSubstr;

struct Parsed {
  std::optional<ServerFlags> flags;
  int exit_code = -1;
  std::string output;
  std::string errors;
};

Parsed ParseFlags(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "pegbox-server");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  Parsed parsed;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  parsed.flags = ParseServerFlags(static_cast<int>(argv.size()), argv.data(), parsed.exit_code);
  parsed.output = testing::internal::GetCapturedStdout();
  parsed.errors = testing::internal::GetCapturedStderr();
  return parsed;
}

TEST(ServerFlagsTest, DefaultsServeOnLoopback) {
  const Parsed parsed = ParseFlags({});
  ASSERT_TRUE(parsed.flags.has_value()) << parsed.errors;
  EXPECT_EQ(parsed.flags->data_folder, "./pegbox-data/server");
  EXPECT_EQ(ToString(parsed.flags->listen), "127.0.0.1:7654");
  EXPECT_EQ(parsed.flags->address_file, "");
  EXPECT_EQ(parsed.flags->lease_duration, absl::Minutes(5));
  EXPECT_EQ(parsed.flags->suggestion_threads, 2);
  EXPECT_EQ(parsed.flags->log_level, "info");
  EXPECT_FALSE(parsed.flags->log_json);
}

TEST(ServerFlagsTest, EveryFlagIsTaken) {
  const Parsed parsed = ParseFlags({"--data", "d", "--listen=[::1]:0", "--address-file", "a", "--lease-duration",
                                    "1m30s", "--suggestion-threads", "64", "--log-level", "debug", "--log-json"});
  ASSERT_TRUE(parsed.flags.has_value()) << parsed.errors;
  EXPECT_EQ(parsed.flags->data_folder, "d");
  EXPECT_EQ(ToString(parsed.flags->listen), "[::1]:0");
  EXPECT_EQ(parsed.flags->address_file, "a");
  EXPECT_EQ(parsed.flags->lease_duration, absl::Seconds(90));
  EXPECT_EQ(parsed.flags->suggestion_threads, 64);
  EXPECT_EQ(parsed.flags->log_level, "debug");
  EXPECT_TRUE(parsed.flags->log_json);
}

TEST(ServerFlagsTest, HelpShowsAnExample) {
  const Parsed parsed = ParseFlags({"--help"});
  EXPECT_FALSE(parsed.flags.has_value());
  EXPECT_EQ(parsed.exit_code, 0);
  EXPECT_THAT(parsed.output, HasSubstr("pegbox-server --data ./pegbox-data/server --listen 127.0.0.1:7654"));
}

struct BadFlags {
  std::string name;
  std::vector<std::string> arguments;
  int exit_code = 0;
  std::string error;
};

void PrintTo(const BadFlags& bad, std::ostream* out) { *out << bad.name; }

class BadServerFlagsTest : public testing::TestWithParam<BadFlags> {};

TEST_P(BadServerFlagsTest, AreExplained) {
  const Parsed parsed = ParseFlags(GetParam().arguments);
  EXPECT_FALSE(parsed.flags.has_value());
  EXPECT_EQ(parsed.exit_code, GetParam().exit_code);
  EXPECT_THAT(parsed.errors, HasSubstr(GetParam().error));
}

const BadFlags kBadFlags[] = {
    {"Unknown", {"--lisen", "127.0.0.1:0"}, kExitUsage, "--lisen"},
    {"NoData", {"--data", ""}, kExitUsage, "--data: must not be empty; name a folder"},
    {"NoPort", {"--listen", "127.0.0.1"}, kExitUsage, "listen address: must have the form HOST:PORT"},
    {"Exposed", {"--listen", "0.0.0.0:1"}, kExitConfiguration, "ssh -N -L 1:127.0.0.1:1 USER@THIS_HOST"},
    {"ShortLease",
     {"--lease-duration", "999ms"},
     kExitUsage,
     "--lease-duration: must be 1s to 1h; got \"999ms\"; write it as 90s or 5m"},
    {"LongLease", {"--lease-duration", "61m"}, kExitUsage, "--lease-duration: must be 1s to 1h; got \"61m\""},
    {"EndlessLease", {"--lease-duration", "inf"}, kExitUsage, "--lease-duration: must be 1s to 1h; got \"inf\""},
    {"LeaseWithoutUnit", {"--lease-duration", "300"}, kExitUsage, "--lease-duration: must be 1s to 1h; got \"300\""},
    {"NoThreads", {"--suggestion-threads", "0"}, kExitUsage, "--suggestion-threads"},
    {"ThreadsInWords", {"--suggestion-threads", "two"}, kExitUsage, "--suggestion-threads"},
    {"NoSuchLevel", {"--log-level", "loud"}, kExitUsage, "--log-level"},
};

INSTANTIATE_TEST_SUITE_P(Each, BadServerFlagsTest, testing::ValuesIn(kBadFlags),
                         [](const testing::TestParamInfo<BadFlags>& info) { return info.param.name; });

}  // namespace
}  // namespace pegbox
