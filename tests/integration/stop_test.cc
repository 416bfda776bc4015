// A user stops what runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/expectations.h"
#include "tests/support/cluster.h"
#include "tests/support/process_list.h"
#include "tests/support/wait.h"

namespace pegbox::test {
namespace {

using testing::HasSubstr;
using Kind = TrialEvent::Kind;

// Waits until the objective was reported `count` times.
void WaitForReports(Cluster& cluster, size_t count) {
  cluster.WaitFor("reports", absl::Seconds(20), [&] { return cluster.Record(Kind::kReported).size() >= count; });
}

struct StopCase {
  std::string name;
  std::vector<std::string> trainer;
  std::vector<std::string> trial_settings;

  friend std::ostream& operator<<(std::ostream& out, const StopCase& stop_case) { return out << stop_case.name; }
};

class StopJobTest : public testing::TestWithParam<StopCase> {};

TEST_P(StopJobTest, ItsTrialsAreGoneWithinTwoSeconds) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 2);
  std::vector<std::string> trainer = GetParam().trainer;
  trainer.insert(trainer.end(), {"--epochs=1000000", "--epoch-ms=20", "--with-child"});
  cluster.Submit(
      {.max_jobs = 9, .max_parallel_jobs = 2, .trainer = trainer, .trial_settings = GetParam().trial_settings},
      "endless");
  WaitForReports(cluster, 10);
  cluster.WaitFor("both trials", absl::Seconds(20), [&] { return cluster.Record(Kind::kStarted).size() == 2; });

  EXPECT_EQ(cluster.Pegbox({"stop", "endless"}).exit_code, 0);
  cluster.WaitFor("the trials' processes to end", absl::Seconds(2), [&] { return cluster.TrialProcesses().empty(); });
  const v1::TuningJob job = cluster.WaitForEnd("endless", absl::Seconds(5));
  EXPECT_EQ(job.state(), v1::TuningJob::STOPPED);
  EXPECT_EQ(job.end_reason(), v1::TuningJob::USER);
  EXPECT_EQ(job.trial_counts().canceled(), 2) << job.trial_counts().ShortDebugString();
  EXPECT_EQ(cluster.GetTrial("endless", 1).stop().rule(), "job");
  EXPECT_EQ(cluster.Record(Kind::kStarted).size(), 2u) << "nothing new was started";
  EXPECT_EQ(cluster.Pegbox({"stop", "endless"}).exit_code, 0) << "stopping is safe to repeat";
  ExpectEachReportOnce(cluster, "endless");
}

INSTANTIATE_TEST_SUITE_P(
    Trainers, StopJobTest,
    testing::Values(StopCase{"ObeysTheSocket", {"--report=socket"}, {}},
                    StopCase{"ObeysSigterm", {"--report=stdout"}, {}},
                    StopCase{"ObeysNothing", {"--ignore-sigterm", "--ignore-directives"}, {"grace_period: 300ms"}}),
    [](const auto& info) { return info.param.name; });

TEST(StopTrialTest, OnlyThatTrialEndsAndTheJobGoesOn) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 2);
  cluster.Submit({.max_jobs = 3, .max_parallel_jobs = 2, .trainer = {"--epochs=40", "--epoch-ms=50"}}, "three");
  WaitForReports(cluster, 4);
  const std::vector<TrialEvent> started = cluster.Record(Kind::kStarted);
  const TrialEvent* first = &started[0];
  for (const TrialEvent& event : started) first = event.trial == 1 ? &event : first;

  EXPECT_EQ(cluster.Pegbox({"stop", "three/1"}).exit_code, 0);
  cluster.WaitFor("the trial's process to end", absl::Seconds(2), [&] { return !IsAlive(first->pid); });
  cluster.WaitFor("the trial to end", absl::Seconds(5), [&] { return cluster.GetTrial("three", 1).has_end_time(); });
  EXPECT_EQ(cluster.GetTrial("three", 1).state(), v1::Trial::CANCELED);
  EXPECT_EQ(cluster.GetTrial("three", 1).stop().rule(), "user");
  EXPECT_THAT(cluster.Pegbox({"trial", "three/1"}).out, HasSubstr("stopped by the user"));

  const v1::TuningJob job = cluster.WaitForEnd("three", absl::Seconds(30));
  EXPECT_EQ(job.end_reason(), v1::TuningJob::MAX_JOBS);
  EXPECT_EQ(job.trial_counts().completed(), 2);
  EXPECT_EQ(job.trial_counts().canceled(), 1);
  EXPECT_EQ(cluster.Pegbox({"stop", "three/2"}).exit_code, 5) << "it has completed";
  ExpectEachTrialRunOnce(cluster, "three", 3);
}

TEST(PauseTest, NothingStartsUntilTheJobIsResumed) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 1);
  cluster.Submit({.max_jobs = 3, .trainer = {"--epochs=10", "--epoch-ms=50"}}, "paused");
  WaitForReports(cluster, 1);
  EXPECT_EQ(cluster.Pegbox({"pause", "paused"}).exit_code, 0);
  cluster.WaitFor("the running trial to complete", absl::Seconds(20),
                  [&] { return cluster.Job("paused").trial_counts().completed() == 1; });
  // Half a second would do for the next trial: the reconciler looks twice in that time.
  EXPECT_FALSE(WaitUntil(absl::Seconds(1.5), [&] { return cluster.Record(Kind::kStarted).size() > 1; }));
  EXPECT_EQ(cluster.Pegbox({"resume", "paused"}).exit_code, 0);
  EXPECT_EQ(cluster.WaitForEnd("paused", absl::Seconds(30)).trial_counts().completed(), 3);
}

}  // namespace
}  // namespace pegbox::test
