// Rules stop trials while they run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/integration/expectations.h"
#include "tests/support/cluster.h"
#include "tests/support/process_list.h"

namespace pegbox::test {
namespace {

using testing::HasSubstr;
using Kind = TrialEvent::Kind;

// Follows the job to its end and notes, for each trial, when its process was first seen to be gone.
std::map<int64_t, absl::Duration> FollowProcesses(Cluster& cluster, const std::string& job_id) {
  std::map<int64_t, absl::Duration> gone_at;
  cluster.WaitFor("the job to end", absl::Seconds(60), [&] {
    const bool has_ended = cluster.Job(job_id).has_end_time();
    for (const TrialEvent& event : cluster.Record(Kind::kStarted)) {
      if (!IsAlive(event.pid)) gone_at.insert({event.trial, MonotonicNow()});
    }
    return has_ended;
  });
  return gone_at;
}

absl::Duration ReportTime(Cluster& cluster, int64_t trial, int64_t step) {
  for (const TrialEvent& event : cluster.Record(Kind::kReported)) {
    if (event.trial == trial && event.step == step) return event.time;
  }
  return absl::InfiniteDuration();
}

class EarlyStoppingTest : public testing::TestWithParam<std::string> {};

TEST_P(EarlyStoppingTest, TheMedianRuleEndsBadTrialsWithinThreeSecondsOfTheReport) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 2);
  // Trial n reports n at every step: 1 and 2 run to their end, all others are worse than their median.
  cluster.Submit(
      {.max_jobs = 5,
       .max_parallel_jobs = 2,
       .trainer = {"--epochs=60", "--epoch-ms=50", "--times-x=0", "--times-trial=1", "--report=" + GetParam()},
       .settings = {"early_stopping:", "  - median: {min_completed_trials: 2, min_steps: 4}"}},
      "median");
  // Trial 3 can have begun before trial 2 completed, so it may run some steps more.
  const std::map<int64_t, absl::Duration> gone_at = FollowProcesses(cluster, "median");
  const v1::TuningJob job = cluster.Job("median");
  EXPECT_EQ(job.trial_counts().completed(), 2) << job.trial_counts().ShortDebugString();
  EXPECT_EQ(job.trial_counts().early_stopped(), 3);
  for (int64_t number = 3; number <= 5; ++number) {
    const v1::Trial trial = cluster.GetTrial("median", number);
    EXPECT_EQ(trial.state(), v1::Trial::EARLY_STOPPED);
    const v1::StopDecision& stop = trial.stop();
    EXPECT_EQ(stop.rule(), "median");
    EXPECT_GE(stop.step(), 4);
    EXPECT_LT(stop.step(), 60);
    EXPECT_EQ(stop.value(), static_cast<double>(number));
    EXPECT_EQ(stop.threshold(), 1.5);
    EXPECT_EQ(stop.compared_trials(), 2);
    ASSERT_EQ(gone_at.count(number), 1u);
    EXPECT_LT(gone_at.at(number) - ReportTime(cluster, number, stop.step()), absl::Seconds(3));
    const CommandResult shown = cluster.Pegbox({"trial", absl::StrCat("median/", number)});
    EXPECT_THAT(shown.out, HasSubstr("early stopped"));
    EXPECT_THAT(shown.out, HasSubstr(stop.explanation()));
  }
  ExpectEachReportOnce(cluster, "median");
}

TEST_P(EarlyStoppingTest, PatienceCompletesATrialThatNoLongerImproves) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 1);
  cluster.Submit(
      {.trainer = {"--epochs=1000", "--epoch-ms=50", "--times-x=0", "--times-step=1", "--report=" + GetParam()},
       .settings = {"early_stopping:", "  - patience: {patience: 3}"}},
      "patience");
  const std::map<int64_t, absl::Duration> gone_at = FollowProcesses(cluster, "patience");
  const v1::Trial trial = cluster.GetTrial("patience", 1);
  EXPECT_EQ(trial.state(), v1::Trial::COMPLETED);
  EXPECT_EQ(trial.value(), 1.0);
  EXPECT_EQ(trial.best_step(), 1);
  EXPECT_EQ(trial.stop().rule(), "patience");
  EXPECT_EQ(trial.stop().step(), 4);
  EXPECT_LT(gone_at.at(1) - ReportTime(cluster, 1, 4), absl::Seconds(3));
  EXPECT_THAT(cluster.Pegbox({"trial", "patience/1"}).out, HasSubstr("patience at epoch 4"));
  ExpectEachReportOnce(cluster, "patience");
}

INSTANTIATE_TEST_SUITE_P(Reports, EarlyStoppingTest, testing::Values("socket", "stdout"),
                         [](const auto& info) { return info.param; });

TEST(EarlyStoppingRestartTest, RulesRememberTheCurvesOfCompletedTrials) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 1);
  cluster.Submit({.max_jobs = 3,
                  .trainer = {"--epochs=20", "--epoch-ms=20", "--times-x=0", "--times-trial=1"},
                  .settings = {"early_stopping:", "  - median: {min_completed_trials: 2, min_steps: 4}"}},
                 "restart");
  cluster.WaitFor("two trials to complete", absl::Seconds(30),
                  [&] { return cluster.Job("restart").trial_counts().completed() == 2; });
  cluster.KillServer();
  cluster.StartServer();
  EXPECT_EQ(cluster.WaitForEnd("restart", absl::Seconds(30)).trial_counts().early_stopped(), 1);
  EXPECT_EQ(cluster.GetTrial("restart", 3).stop().threshold(), 1.5);
}

}  // namespace
}  // namespace pegbox::test
