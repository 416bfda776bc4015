// `pegbox run`: server, worker and job on this machine, from one command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "tests/support/cluster.h"
#include "tests/support/process_list.h"
#include "tests/support/wait.h"

namespace pegbox::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Kind = TrialEvent::Kind;

class RunTest : public testing::Test {
 protected:
  void Start(const ScriptedJob& job) {
    std::ofstream(folder_.File("job.yaml")) << ToYaml(job, TrainerPath(), record_);
    run_ =
        std::make_unique<Program>(Program::Options{.command = {ProgramPath("pegbox"), "run", folder_.File("job.yaml"),
                                                               "--id", "job", "--data", folder_.File("data")},
                                                   .output_path = folder_.File("out"),
                                                   .error_path = folder_.File("err")});
  }

  void StartAndWaitForReports(const ScriptedJob& job) {
    Start(job);
    EXPECT_TRUE(WaitUntil(absl::Seconds(30), [&] { return Reports() >= 5; })) << Logs();
  }

  size_t Reports() const { return Only(ReadTrialRecord(record_), Kind::kReported).size(); }

  std::string Logs() const {
    return ReadFile(folder_.File("out")) + ReadFile(folder_.File("err")) + ReadFile(folder_.File("data/server.log")) +
           ReadFile(folder_.File("data/worker.log"));
  }

  void ExpectNothingLeft(absl::Duration timeout) {
    std::vector<std::string> left;
    WaitUntil(timeout, [&] { return (left = ProcessesWith(folder_.path())).empty(); });
    EXPECT_THAT(left, IsEmpty()) << Logs();
  }

  const TempFolder folder_;
  const std::string record_ = folder_.File("record");
  std::unique_ptr<Program> run_;
};

TEST_F(RunTest, RunsTheJobToItsEndAndLeavesNothingRunning) {
  Start({.max_jobs = 4, .max_parallel_jobs = 2, .trainer = {"--epochs=5", "--epoch-ms=20"}});
  EXPECT_EQ(run_->WaitFor(absl::Seconds(60)), (Program::End{.exit_code = 0})) << Logs();
  EXPECT_THAT(ProcessesWith(folder_.path()), IsEmpty());
  EXPECT_THAT(run_->Output(), HasSubstr("job completed (max jobs"));
  EXPECT_EQ(Reports(), 20u);
  EXPECT_EQ(MostAtOnce(ReadTrialRecord(record_)), 2);

  // What the summary says to look further with.
  Program best({.command = {ProgramPath("pegbox"), "best", "job", "--data", folder_.File("data")},
                .output_path = folder_.File("best")});
  EXPECT_EQ(best.WaitFor(absl::Seconds(30)), (Program::End{.exit_code = 0})) << best.Output();
  EXPECT_THAT(best.Output(), HasSubstr("(completed)"));
  ExpectNothingLeft(absl::Seconds(5));
}

TEST_F(RunTest, AJobThatFailsIsAnExitCode) {
  Start({.max_jobs = 4, .trainer = {"--exit-code=3"}, .settings = {"max_consecutive_failures: 1"}});
  EXPECT_EQ(run_->WaitFor(absl::Seconds(60)), (Program::End{.exit_code = 1})) << Logs();
  ExpectNothingLeft(absl::ZeroDuration());
}

TEST_F(RunTest, AnInterruptEndsEverythingCleanly) {
  StartAndWaitForReports(
      {.max_jobs = 4, .max_parallel_jobs = 2, .trainer = {"--epochs=100000", "--epoch-ms=20", "--with-child"}});
  run_->Signal(SIGINT);
  EXPECT_EQ(run_->WaitFor(absl::Seconds(20)), (Program::End{.exit_code = 130})) << Logs();
  ExpectNothingLeft(absl::ZeroDuration());
  Program jobs({.command = {ProgramPath("pegbox"), "jobs", "--data", folder_.File("data")},
                .output_path = folder_.File("jobs")});
  EXPECT_EQ(jobs.WaitFor(absl::Seconds(30)), (Program::End{.exit_code = 0})) << jobs.Output();
  EXPECT_THAT(jobs.Output(), HasSubstr("stopped (user)"));
  ExpectNothingLeft(absl::Seconds(5));
}

TEST_F(RunTest, KilledItTakesServerWorkerAndTrialsWithIt) {
  StartAndWaitForReports(
      {.max_jobs = 4, .max_parallel_jobs = 2, .trainer = {"--epochs=100000", "--epoch-ms=20", "--with-child"}});
  run_->Kill();
  ExpectNothingLeft(absl::Seconds(15));
}

}  // namespace
}  // namespace pegbox::test
