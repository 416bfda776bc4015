// A whole job with the real programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/expectations.h"
#include "tests/support/cluster.h"

namespace pegbox::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Json = nlohmann::json;
using Kind = TrialEvent::Kind;

// The reported event with the lowest value.
TrialEvent BestReport(Cluster& cluster) {
  TrialEvent best;
  for (const TrialEvent& event : cluster.Record(Kind::kReported)) {
    if (best.pid == 0 || event.value < best.value) best = event;
  }
  return best;
}

TEST(JobTest, RunsThroughTheCommandLine) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 2);
  const std::string file = cluster.WriteJobFile(
      {.max_jobs = 4, .max_parallel_jobs = 2, .trainer = {"--epochs=5", "--over-step=1", "--checkpoints"}}, "demo");

  const CommandResult submitted = cluster.Pegbox({"submit", file, "--id", "demo"});
  EXPECT_EQ(submitted.exit_code, 0) << submitted.err;
  EXPECT_EQ(submitted.out, "demo\n");
  const CommandResult watched = cluster.Pegbox({"watch", "demo"});
  EXPECT_EQ(watched.exit_code, 0) << watched.err;
  EXPECT_THAT(watched.out, HasSubstr("demo completed (max jobs"));

  const TrialEvent best = BestReport(cluster);
  const CommandResult best_text = cluster.Pegbox({"best", "demo"});
  EXPECT_EQ(best_text.exit_code, 0);
  EXPECT_THAT(best_text.out, HasSubstr(absl::StrCat("demo/", best.trial, " (completed)")));
  EXPECT_THAT(best_text.out, HasSubstr("at epoch 5"));
  const Json best_json = Json::parse(cluster.Pegbox({"best", "demo", "--output", "json"}).out).at("best_trial");
  EXPECT_EQ(best_json.at("name"), absl::StrCat("tuningJobs/demo/trials/", best.trial));
  EXPECT_EQ(best_json.at("value"), best.value);
  EXPECT_EQ(best_json.at("parameters").at("x").at("double_value"), best.value - 1.0 / 5);
  EXPECT_EQ(ReadFile(best_json.at("checkpoint_path").get<std::string>() + "/step"), "5");

  const Json trials = Json::parse(cluster.Pegbox({"trials", "demo", "--output", "json"}).out).at("trials");
  ASSERT_EQ(trials.size(), 4u);
  for (const Json& trial : trials) EXPECT_EQ(trial.at("state"), "COMPLETED");
  const CommandResult log = cluster.Pegbox({"logs", "demo/1"});
  EXPECT_EQ(log.exit_code, 0) << log.err;
  EXPECT_EQ(log.out,
            "epoch 1 of trial 1\nepoch 2 of trial 1\nepoch 3 of trial 1\nepoch 4 of trial 1\nepoch 5 of trial 1\n");
  EXPECT_THAT(cluster.Pegbox({"jobs"}).out, HasSubstr("completed (max jobs)"));
  EXPECT_THAT(cluster.Pegbox({"workers"}).out, HasSubstr("w1"));
  ExpectEachTrialRunOnce(cluster, "demo", 4);
  ExpectEachReportOnce(cluster, "demo");
}

TEST(JobTest, ExitCodesTellScriptsWhatWentWrong) {
  Cluster cluster;
  cluster.StartServer();
  const std::string file = cluster.WriteJobFile({}, "demo");
  EXPECT_EQ(cluster.Pegbox({"submit", file, "--id", "demo"}).exit_code, 0);
  EXPECT_EQ(cluster.Pegbox({"submit", file, "--id", "demo"}).exit_code, 5);
  EXPECT_EQ(cluster.Pegbox({"best", "demo"}).exit_code, 3);
  EXPECT_EQ(cluster.Pegbox({"watch", "other"}).exit_code, 3);
  EXPECT_EQ(cluster.Pegbox({"logs", "demo/99"}).exit_code, 3);

  const std::string bad = cluster.WriteJobFile({.objective = "{metric: validation:loss, goal: smallest}"}, "bad");
  const CommandResult refused_here = cluster.Pegbox({"submit", bad});
  EXPECT_EQ(refused_here.exit_code, 2);
  EXPECT_THAT(refused_here.err, HasSubstr("bad.yaml:1"));
  const std::string out_of_range = cluster.WriteJobFile({.max_jobs = 0}, "range");
  const CommandResult refused_there = cluster.Pegbox({"submit", out_of_range});
  EXPECT_EQ(refused_there.exit_code, 2);
  EXPECT_THAT(refused_there.err, HasSubstr("range.yaml:4"));

  cluster.KillServer();
  EXPECT_EQ(cluster.Pegbox({"jobs"}).exit_code, 4);
}

TEST(JobTest, EveryWayOfReportingDeliversTheSameRows) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 3);
  const std::vector<std::string> flags = {"--epochs=20", "--over-step=1"};
  for (const std::string report : {"socket", "stdout", "regex"}) {
    std::vector<std::string> trainer = flags;
    trainer.push_back("--report=" + report);
    cluster.Submit({.max_jobs = 2,
                    .trainer = trainer,
                    .trial_settings = report == "regex" ? RegexTrialSettings() : std::vector<std::string>()},
                   report);
  }
  for (const std::string report : {"socket", "stdout", "regex"}) {
    EXPECT_EQ(cluster.WaitForEnd(report, absl::Seconds(30)).end_reason(), v1::TuningJob::MAX_JOBS);
    ExpectEachReportOnce(cluster, report);
    for (int64_t number = 1; number <= 2; ++number) {
      const std::vector<v1::TrialMeasurement> rows = cluster.Measurements(report, number);
      const std::vector<v1::TrialMeasurement> socket_rows = cluster.Measurements("socket", number);
      ASSERT_EQ(rows.size(), 2 * 20u);
      ASSERT_EQ(socket_rows.size(), rows.size());
      for (size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i].measurement().metric(), socket_rows[i].measurement().metric());
        EXPECT_EQ(rows[i].measurement().step(), socket_rows[i].measurement().step());
        EXPECT_EQ(rows[i].measurement().value(), socket_rows[i].measurement().value());
      }
    }
  }
}

TEST(JobTest, HoldsMaxJobsAndMaxParallelJobsOverTwoWorkers) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 3);
  cluster.StartWorker("w2", 3);
  cluster.Submit({.max_jobs = 20, .max_parallel_jobs = 4, .trainer = {"--epochs=3", "--epoch-ms=30"}}, "limits");
  const v1::TuningJob job = cluster.WaitForEnd("limits", absl::Seconds(60));
  EXPECT_EQ(job.state(), v1::TuningJob::COMPLETED);
  EXPECT_EQ(job.end_reason(), v1::TuningJob::MAX_JOBS);
  EXPECT_EQ(job.trial_counts().completed(), 20);
  EXPECT_EQ(MostAtOnce(cluster.Record()), 4);
  ExpectEachTrialRunOnce(cluster, "limits", 20);
  ExpectEachReportOnce(cluster, "limits");
}

TEST(JobTest, MaxRuntimeEndsTheJobAndItsTrials) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 2);
  cluster.Submit({.max_jobs = 10,
                  .max_parallel_jobs = 2,
                  .trainer = {"--epochs=100000", "--epoch-ms=20"},
                  .settings = {"max_runtime: 2s"}},
                 "short");
  const v1::TuningJob job = cluster.WaitForEnd("short", absl::Seconds(15));
  EXPECT_EQ(job.state(), v1::TuningJob::COMPLETED);
  EXPECT_EQ(job.end_reason(), v1::TuningJob::MAX_RUNTIME);
  EXPECT_EQ(job.trial_counts().canceled(), 2);
  EXPECT_TRUE(cluster.TrialProcesses().empty());
  EXPECT_EQ(cluster.Pegbox({"watch", "short"}).exit_code, 0) << "its trials have values";
}

TEST(JobTest, TheTargetEndsTheJobAndItsTrials) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 2);
  cluster.Submit({.max_jobs = 10,
                  .max_parallel_jobs = 2,
                  .trainer = {"--epochs=100000", "--epoch-ms=10", "--over-step=100", "--times-x=0"},
                  .objective = "{metric: validation:loss, goal: minimize, target: 2}"},
                 "target");
  const v1::TuningJob job = cluster.WaitForEnd("target", absl::Seconds(20));
  EXPECT_EQ(job.state(), v1::TuningJob::COMPLETED);
  EXPECT_EQ(job.end_reason(), v1::TuningJob::TARGET_REACHED);
  EXPECT_THAT(job.end_detail(), HasSubstr("reached the target 2"));
  EXPECT_TRUE(cluster.TrialProcesses().empty());
  const absl::StatusOr<v1::GetBestTrialResponse> best = cluster.client().GetBestTrial("target");
  ASSERT_TRUE(best.ok()) << best.status();
  EXPECT_LE(best->best_trial().value(), 2.0);
  EXPECT_LT(best->best_trial().last_step(), 1000) << "it was stopped";
}

TEST(JobTest, AFailingCommandEndsTheJobWithItsLastWords) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 1);
  cluster.Submit({.max_jobs = 10,
                  .trainer = {"--epochs=1", "--exit-code=3", "--last-words=no such data set: fashion"},
                  .settings = {"max_consecutive_failures: 2"}},
                 "failing");
  const v1::TuningJob job = cluster.WaitForEnd("failing", absl::Seconds(20));
  EXPECT_EQ(job.state(), v1::TuningJob::FAILED);
  EXPECT_EQ(job.end_reason(), v1::TuningJob::TOO_MANY_FAILURES);
  EXPECT_THAT(job.end_detail(), HasSubstr("no such data set: fashion"));
  EXPECT_EQ(job.trial_counts().failed(), 2);
  const v1::Trial trial = cluster.GetTrial("failing", 1);
  EXPECT_EQ(trial.failure().kind(), v1::Failure::EXIT_CODE);
  EXPECT_EQ(trial.failure().exit_code(), 3);
  EXPECT_EQ(trial.attempt(), 1) << "a failure of the program is not tried again";
  const CommandResult watched = cluster.Pegbox({"watch", "failing"});
  EXPECT_EQ(watched.exit_code, 1);
  EXPECT_THAT(watched.out, HasSubstr("no such data set: fashion"));
}

TEST(JobTest, AMissingProgramIsASpawnFailure) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 1);
  cluster.Submit({.max_jobs = 10, .command = {"no-such-trainer"}, .settings = {"max_consecutive_failures: 1"}},
                 "missing");
  const v1::TuningJob job = cluster.WaitForEnd("missing", absl::Seconds(20));
  EXPECT_EQ(job.state(), v1::TuningJob::FAILED);
  EXPECT_THAT(job.end_detail(), HasSubstr("no-such-trainer"));
  const v1::Trial trial = cluster.GetTrial("missing", 1);
  EXPECT_EQ(trial.failure().kind(), v1::Failure::SPAWN);
  EXPECT_GT(trial.attempts_size(), 1) << "another worker may have the program";
}

TEST(JobTest, ATrialThatNeverReportsTheObjectiveFails) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 1);
  cluster.Submit({.command = {"/bin/echo", "x is {x}"}}, "silent");
  cluster.WaitForEnd("silent", absl::Seconds(20));
  EXPECT_EQ(cluster.GetTrial("silent", 1).failure().kind(), v1::Failure::NO_METRIC);
  EXPECT_THAT(cluster.Pegbox({"logs", "silent/1"}).out, StartsWith("x is 0."));
}

}  // namespace
}  // namespace pegbox::test
