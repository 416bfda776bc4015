// The server is killed without warning in the middle of a job, and started again in the same folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/expectations.h"
#include "tests/support/cluster.h"
#include "tests/support/wait.h"

namespace pegbox::test {
namespace {

using testing::HasSubstr;
using Kind = TrialEvent::Kind;

// Kills the server `kills` times: each time after `uptime_ms` at most, and for `outage_ms` at most, both at random.
void KillAtRandom(Cluster& cluster, int kills, int uptime_ms, int outage_ms) {
  const unsigned seed = std::random_device()();
  testing::Test::RecordProperty("seed", absl::StrCat(seed));
  std::mt19937 random(seed);
  const auto up_to = [&](int limit_ms) {
    return absl::Milliseconds(std::uniform_int_distribution<int>(0, limit_ms)(random));
  };
  for (int i = 0; i < kills; ++i) {
    absl::SleepFor(up_to(uptime_ms));
    cluster.KillServer();
    absl::SleepFor(up_to(outage_ms));
    cluster.StartServer();
  }
}

class ServerCrashTest : public testing::TestWithParam<std::string> {};

TEST_P(ServerCrashTest, NoTrialIsLostOrRunTwiceAndEachMeasurementIsCountedOnce) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 2);
  cluster.StartWorker("w2", 2);
  constexpr int64_t kTrials = 12;
  cluster.Submit({.max_jobs = kTrials,
                  .max_parallel_jobs = 4,
                  .trainer = {"--epochs=60", "--epoch-ms=20", "--over-step=1", "--report=" + GetParam()},
                  .trial_settings = GetParam() == "regex" ? RegexTrialSettings() : std::vector<std::string>()},
                 "crashes");
  KillAtRandom(cluster, 6, 700, 400);
  const v1::TuningJob job = cluster.WaitForEnd("crashes", absl::Seconds(60));
  EXPECT_EQ(job.state(), v1::TuningJob::COMPLETED);
  EXPECT_EQ(job.trial_counts().completed(), kTrials) << job.trial_counts().ShortDebugString();
  ExpectEachTrialRunOnce(cluster, "crashes", kTrials);
  ExpectNoOverlap(cluster);
  ExpectEachReportOnce(cluster, "crashes");
  EXPECT_LE(MostAtOnce(cluster.Record()), 4);
  for (const v1::Trial& trial : cluster.Trials("crashes")) EXPECT_EQ(trial.attempt(), 1) << trial.name();
}

INSTANTIATE_TEST_SUITE_P(Reports, ServerCrashTest, testing::Values("socket", "stdout"),
                         [](const auto& info) { return info.param; });

TEST(ServerOutageTest, TrialsTrainOnAndTheirReportsAndLogsFollow) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 1);
  cluster.Submit({.trainer = {"--epochs=50", "--epoch-ms=20"}}, "outage");
  cluster.WaitFor("a report", absl::Seconds(20), [&] { return !cluster.Record(Kind::kReported).empty(); });
  cluster.KillServer();
  cluster.WaitFor("the trial to end without the server", absl::Seconds(20),
                  [&] { return cluster.Record(Kind::kEnded).size() == 1; });
  cluster.StartServer();
  EXPECT_EQ(cluster.WaitForEnd("outage", absl::Seconds(30)).trial_counts().completed(), 1);
  ExpectEachTrialRunOnce(cluster, "outage", 1);
  ExpectEachReportOnce(cluster, "outage");
  EXPECT_THAT(cluster.Pegbox({"logs", "outage/1"}).out, HasSubstr("epoch 50 of trial 1\n"));
  cluster.WaitFor("the worker to say that the server is back", absl::Seconds(20),
                  [&] { return absl::StrContains(cluster.worker("w1").Output(), "server reached again"); });
}

TEST(ServerOutageTest, AStopThatWasAskedForBeforeTheCrashIsCarriedOut) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 1);
  cluster.Submit({.max_jobs = 5, .trainer = {"--epochs=1000000", "--epoch-ms=20"}}, "stopped");
  cluster.WaitFor("a report", absl::Seconds(20), [&] { return !cluster.Record(Kind::kReported).empty(); });
  // The worker cannot hear of it.
  cluster.worker("w1").Signal(SIGSTOP);
  EXPECT_EQ(cluster.Pegbox({"stop", "stopped"}).exit_code, 0);
  cluster.KillServer();
  cluster.worker("w1").Signal(SIGCONT);
  cluster.StartServer();
  EXPECT_EQ(cluster.WaitForEnd("stopped", absl::Seconds(20)).state(), v1::TuningJob::STOPPED);
  EXPECT_TRUE(cluster.TrialProcesses().empty());
  ExpectEachTrialRunOnce(cluster, "stopped", 1);
}

TEST(ServerOutageTest, AWatchGoesOnOverARestart) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 1);
  cluster.Submit({.trainer = {"--epochs=30", "--epoch-ms=50"}}, "watched");
  Program watch({.command = {ProgramPath("pegbox"), "watch", "watched", "--server", cluster.address()},
                 .output_path = cluster.folder() + "/watch.out",
                 .error_path = cluster.folder() + "/watch.err"});
  cluster.WaitFor("the watch", absl::Seconds(20), [&] { return !watch.Output().empty(); });
  cluster.KillServer();
  cluster.StartServer();
  EXPECT_EQ(watch.WaitFor(absl::Seconds(30)), (Program::End{.exit_code = 0}))
      << ReadFile(cluster.folder() + "/watch.err");
  EXPECT_THAT(watch.Output(), HasSubstr("watched completed"));
}

}  // namespace
}  // namespace pegbox::test
