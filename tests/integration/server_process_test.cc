// pegbox-server as a process: what it refuses, and how it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "tests/integration/expectations.h"
#include "tests/support/cluster.h"
#include "tests/support/health.h"

namespace pegbox::test {
namespace {

using testing::HasSubstr;
using Kind = TrialEvent::Kind;

TEST(ServerProcessTest, RefusesToListenBeyondLoopback) {
  const TempFolder folder;
  Program server({.command = {ProgramPath("pegbox-server"), "--data", folder.File("data"), "--listen", "0.0.0.0:0"},
                  .output_path = folder.File("log")});
  EXPECT_EQ(server.WaitFor(absl::Seconds(20)), (Program::End{.exit_code = 78})) << server.Output();
  EXPECT_THAT(server.Output(), HasSubstr("0.0.0.0"));
}

TEST(ServerProcessTest, ASecondServerOnTheSameFolderIsRefusedAndTheFirstGoesOn) {
  Cluster cluster;
  cluster.StartServer();
  const ReservedPort port;
  std::vector<std::string> command = cluster.ServerCommand();
  for (std::string& argument : command) argument = argument == cluster.address() ? port.address() : argument;
  Program second({.command = command, .output_path = cluster.folder() + "/second.log"});
  const std::optional<Program::End> end = second.WaitFor(absl::Seconds(20));
  ASSERT_TRUE(end.has_value()) << "it runs";
  EXPECT_GT(end->exit_code, 0) << *end;
  EXPECT_THAT(second.Output(), HasSubstr(cluster.folder() + "/server"));
  EXPECT_EQ(AskHealth(cluster.address()), Health::kServing);
  EXPECT_EQ(AskHealth(port.address()), Health::kUnreachable);
}

TEST(ServerProcessTest, ASecondServerOnTheSameAddressIsRefused) {
  Cluster cluster;
  cluster.StartServer();
  Program second(
      {.command = {ProgramPath("pegbox-server"), "--data", cluster.folder() + "/other", "--listen", cluster.address()},
       .output_path = cluster.folder() + "/second.log"});
  const std::optional<Program::End> end = second.WaitFor(absl::Seconds(20));
  ASSERT_TRUE(end.has_value()) << "it runs";
  EXPECT_GT(end->exit_code, 0) << *end;
  EXPECT_THAT(second.Output(), HasSubstr(cluster.address()));
}

TEST(ServerProcessTest, SigtermEndsItSoonWhateverWaitsAndTheTrialsGoOn) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 2);
  cluster.Submit({.trainer = {"--epochs=60", "--epoch-ms=50"}}, "long");
  cluster.WaitFor("a report", absl::Seconds(20), [&] { return !cluster.Record(Kind::kReported).empty(); });
  // Calls that wait: the worker's sync and its report stream, a watch, a log that is followed.
  const std::vector<std::string> calls[] = {{"watch", "long"}, {"logs", "long/1", "-f"}};
  std::vector<std::unique_ptr<Program>> waiting;
  for (const std::vector<std::string>& call : calls) {
    std::vector<std::string> command = {ProgramPath("pegbox"), "--server", cluster.address()};
    command.insert(command.end(), call.begin(), call.end());
    waiting.push_back(std::make_unique<Program>(
        Program::Options{.command = command, .output_path = cluster.folder() + "/" + call[0] + ".out"}));
    cluster.WaitFor(call[0], absl::Seconds(20), [&] { return !waiting.back()->Output().empty(); });
  }
  cluster.server().Signal(SIGTERM);
  EXPECT_EQ(cluster.server().WaitFor(absl::Seconds(10)), (Program::End{.exit_code = 0}));
  EXPECT_NE(AskHealth(cluster.address()), Health::kServing);
  EXPECT_FALSE(cluster.TrialProcesses().empty());
  cluster.StartServer();
  EXPECT_EQ(cluster.WaitForEnd("long", absl::Seconds(30)).trial_counts().completed(), 1);
  ExpectEachTrialRunOnce(cluster, "long", 1);
  ExpectEachReportOnce(cluster, "long");
}

}  // namespace
}  // namespace pegbox::test
