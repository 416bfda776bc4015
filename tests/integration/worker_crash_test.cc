// Workers are killed, stopped and suspended in the middle of trials.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "tests/integration/expectations.h"
#include "tests/support/cluster.h"

namespace pegbox::test {
namespace {

using testing::HasSubstr;
using Kind = TrialEvent::Kind;

constexpr absl::Duration kShortLease = absl::Seconds(3);

// Starts a job of two trials at once and waits until the only worker runs both.
void StartTwoTrials(Cluster& cluster, std::vector<std::string> trainer) {
  cluster.Submit({.max_jobs = 2, .max_parallel_jobs = 2, .trainer = std::move(trainer)}, "job");
  cluster.WaitFor("both trials to report", absl::Seconds(20), [&] {
    size_t reporting = 0;
    for (const v1::Trial& trial : cluster.Trials("job")) reporting += trial.last_step() >= 3 ? 1 : 0;
    return reporting == 2;
  });
}

std::vector<TrialEvent> StartsOfAttempt(Cluster& cluster, int64_t attempt) {
  std::vector<TrialEvent> starts;
  for (const TrialEvent& event : cluster.Record(Kind::kStarted)) {
    if (event.attempt == attempt) starts.push_back(event);
  }
  return starts;
}

// Both trials ended well as attempt 2 of `worker`, and attempt 1 was lost.
void ExpectRunAgainBy(Cluster& cluster, const std::string& worker) {
  const v1::TuningJob job = cluster.WaitForEnd("job", absl::Seconds(30));
  EXPECT_EQ(job.trial_counts().completed(), 2) << job.trial_counts().ShortDebugString();
  for (int64_t number = 1; number <= 2; ++number) {
    const v1::Trial trial = cluster.GetTrial("job", number);
    ASSERT_EQ(trial.attempts_size(), 2) << trial.ShortDebugString();
    EXPECT_EQ(trial.attempts(0).failure().kind(), v1::Failure::LOST);
    EXPECT_EQ(trial.attempts(1).worker(), "workers/" + worker);
    EXPECT_FALSE(trial.attempts(1).has_failure());
  }
  EXPECT_EQ(StartsOfAttempt(cluster, 1).size(), 2u);
  EXPECT_EQ(StartsOfAttempt(cluster, 2).size(), 2u);
  ExpectNoOverlap(cluster);
  ExpectEachReportOnce(cluster, "job");
}

TEST(WorkerCrashTest, AnotherWorkerRunsItsTrialsWhenTheLeaseHasEnded) {
  Cluster cluster({.lease_duration = kShortLease});
  cluster.StartServer();
  cluster.StartWorker("a", 2);
  StartTwoTrials(cluster, {"--epochs=40", "--epoch-ms=30", "--with-child"});
  cluster.StartWorker("b", 2);
  const absl::Duration killed_at = MonotonicNow();
  cluster.worker("a").Kill();
  cluster.WaitFor("the killed worker's trials to end", absl::Seconds(2),
                  [&] { return cluster.TrialProcesses().empty(); });
  ExpectRunAgainBy(cluster, "b");
  for (const TrialEvent& event : StartsOfAttempt(cluster, 2)) {
    // The last report was up to a second before the kill.
    EXPECT_GT(event.time - killed_at, kShortLease - absl::Seconds(1)) << "not before the lease's end";
    EXPECT_EQ(event.step, 1) << "the other worker has no checkpoint of it";
  }
}

TEST(WorkerCrashTest, ARestartedWorkerProvesTheDeathAndResumesAtOnce) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("a", 2);
  StartTwoTrials(cluster, {"--epochs=40", "--epoch-ms=30", "--checkpoints", "--with-child"});
  cluster.worker("a").Kill();
  const absl::Duration restarted_at = MonotonicNow();
  cluster.StartWorker("a", 2);
  ExpectRunAgainBy(cluster, "a");
  for (const TrialEvent& event : StartsOfAttempt(cluster, 2)) {
    EXPECT_LT(event.time - restarted_at, absl::Seconds(10)) << "long before the lease's end";
    EXPECT_GE(event.step, 4) << "it resumes from its checkpoint";
  }
  for (const v1::TrialMeasurement& row : cluster.Measurements("job", 1)) {
    EXPECT_TRUE(row.attempt() == 1 || row.measurement().step() >= 4);
  }
}

TEST(WorkerCrashTest, AStoppedWorkerHandsItsTrialsBackAtOnce) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("a", 2);
  StartTwoTrials(cluster, {"--epochs=40", "--epoch-ms=30"});
  cluster.StartWorker("b", 2);
  cluster.worker("a").Signal(SIGTERM);
  EXPECT_EQ(cluster.worker("a").WaitFor(absl::Seconds(15)), (Program::End{.exit_code = 0}));
  ExpectRunAgainBy(cluster, "b");
  EXPECT_THAT(cluster.Pegbox({"workers"}).out, HasSubstr("offline"));
}

TEST(WorkerCrashTest, ServerAndWorkerMayDieTogether) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("a", 2);
  StartTwoTrials(cluster, {"--epochs=40", "--epoch-ms=30", "--checkpoints"});
  cluster.KillServer();
  cluster.worker("a").Kill();
  cluster.StartServer();
  cluster.StartWorker("a", 2);
  ExpectRunAgainBy(cluster, "a");
}

TEST(WorkerAloneTest, EndsItsTrialsBeforeTheirLeasesEndAndTheyResumeWhenTheServerIsBack) {
  Cluster cluster({.lease_duration = kShortLease});
  cluster.StartServer();
  cluster.StartWorker("a", 2);
  StartTwoTrials(cluster, {"--epochs=150", "--epoch-ms=30", "--checkpoints", "--with-child"});
  const absl::Duration killed_at = MonotonicNow();
  cluster.KillServer();
  cluster.WaitFor("the worker to end its trials", kShortLease, [&] { return cluster.TrialProcesses().empty(); });
  EXPECT_GT(MonotonicNow() - killed_at, absl::Seconds(1)) << "it waited for the server";
  cluster.StartServer();
  ExpectRunAgainBy(cluster, "a");
  for (const TrialEvent& event : StartsOfAttempt(cluster, 2)) EXPECT_GE(event.step, 4) << "it resumes";
}

TEST(WorkerSuspendedTest, PastItsLeaseItIsFencedAndNothingIsCountedTwice) {
  Cluster cluster({.lease_duration = kShortLease});
  cluster.StartServer();
  cluster.StartWorker("a", 2);
  StartTwoTrials(cluster, {"--epochs=60", "--epoch-ms=50"});
  cluster.StartWorker("b", 2);
  cluster.worker("a").Signal(SIGSTOP);
  cluster.WaitFor("the other worker to run both trials", absl::Seconds(15),
                  [&] { return StartsOfAttempt(cluster, 2).size() == 2; });
  cluster.worker("a").Signal(SIGCONT);
  cluster.WaitFor("the worker to see that it was fenced", absl::Seconds(15), [&] {
    const std::string log = cluster.worker("a").Output();
    const size_t first = log.find("attempt fenced");
    return first != std::string::npos && log.find("attempt fenced", first + 1) != std::string::npos;
  });
  ExpectRunAgainBy(cluster, "b");
  EXPECT_TRUE(cluster.worker("a").is_running());

  // It goes on as a worker: alone now, it runs the next job.
  cluster.worker("b").Signal(SIGTERM);
  EXPECT_TRUE(cluster.worker("b").WaitFor(absl::Seconds(15)).has_value());
  cluster.Submit({}, "next");
  EXPECT_EQ(cluster.WaitForEnd("next", absl::Seconds(20)).trial_counts().completed(), 1);
  EXPECT_EQ(cluster.GetTrial("next", 1).worker(), "workers/a");
}

TEST(WorkerSuspendedTest, ShorterThanItsLeaseItGoesOn) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("a", 2);
  StartTwoTrials(cluster, {"--epochs=40", "--epoch-ms=30", "--report=stdout"});
  const size_t reports = cluster.Record(Kind::kReported).size();
  cluster.worker("a").Signal(SIGSTOP);
  cluster.WaitFor("the trials to train on", absl::Seconds(10),
                  [&] { return cluster.Record(Kind::kReported).size() >= reports + 10; });
  cluster.worker("a").Signal(SIGCONT);
  EXPECT_EQ(cluster.WaitForEnd("job", absl::Seconds(20)).trial_counts().completed(), 2);
  ExpectEachTrialRunOnce(cluster, "job", 2);
  ExpectEachReportOnce(cluster, "job");
}

TEST(WorkerFolderTest, ASecondWorkerInTheSameFolderIsRefused) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("a", 1);
  Program second({.command = {ProgramPath("pegbox-worker"), "--server", cluster.address(), "--data",
                              cluster.folder() + "/a", "--id", "b"},
                  .output_path = cluster.folder() + "/second.log"});
  EXPECT_EQ(second.WaitFor(absl::Seconds(20)), (Program::End{.exit_code = 1})) << second.Output();
  EXPECT_THAT(second.Output(), HasSubstr(cluster.folder() + "/a"));
}

}  // namespace
}  // namespace pegbox::test
