// `pegbox run` and `--data` as users call them: the real program, with shell scripts in the places of pegbox-server and
// pegbox-worker, and behind them a service that answers over real gRPC. The real pair is in tests/integration.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/child_process.h"
#include "tests/client/fake_tuning_service.h"

namespace pegbox::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr absl::Duration kPatience = absl::Seconds(20);

// Idles until SIGTERM; $TRACE gets a line at start and end. "sleep" only keeps the shell alive, not for longer than a
// test may take.
constexpr char kIdle[] = R"(
trap 'echo "$name stopped" >> "$TRACE"; kill $!; exit 0' TERM
echo "$name started: $all" >> "$TRACE"
)";
constexpr char kServerScript[] = R"(#!/bin/sh
name=server; all="$*"
while [ $# -gt 0 ]; do [ "$1" = --address-file ] && file="$2"; shift; done
)";
constexpr char kServe[] = R"(
echo "$FAKE_ADDRESS" > "$file.new"; mv "$file.new" "$file"
sleep 60 & wait $!
)";
constexpr char kWorkerScript[] = R"(#!/bin/sh
name=worker; all="$* PATH=$PATH"
)";
constexpr char kWait[] = "sleep 60 & wait $!\n";

constexpr char kJobFile[] =
    "parameters: [{name: x, double: {min: 0, max: 1}}]\n"
    "objective: {metric: loss, goal: minimize}\n"
    "max_jobs: 1\n"
    "max_parallel_jobs: 3\n"
    "trial: {command: [train], grace_period: 1s}\n";

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

class RunTest : public testing::Test {
 protected:
  RunTest() {
    folder_ = testing::TempDir() + "run_test_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/bin");
    std::filesystem::copy_file(std::string(std::getenv("PEGBOX_BIN_DIR")) + "/pegbox", folder_ + "/bin/pegbox");
    WriteServer(absl::StrCat(kServerScript, kIdle, kServe));
    WriteWorker(absl::StrCat(kWorkerScript, kIdle, kWait));
    std::ofstream(folder_ + "/job.yaml") << kJobFile;

    service_.jobs.emplace_back();
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"pb(name: "tuningJobs/a"
             spec {
               objective { metric: "loss" goal: MINIMIZE }
               max_jobs: 1
             }
             state: RUNNING
             best_trial: "tuningJobs/a/trials/1")pb",
        &service_.jobs[0]));
    service_.trials.emplace_back();
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        R"pb(name: "tuningJobs/a/trials/1" state: COMPLETED value: 0.5 best_step: 1)pb", &service_.trials[0]));
    address_ = service_.Start();
  }

  // A watch that sees the job end, with its best trial.
  void LetTheJobEnd() {
    v1::WatchTuningJobResponse event;
    event.set_revision(1);
    *event.mutable_tuning_job() = service_.jobs[0];
    event.mutable_tuning_job()->set_state(v1::TuningJob::COMPLETED);
    *event.add_trials() = service_.trials[0];
    service_.AddWatch({.events = {event}, .before_events = [this] { AwaitTrace("worker started"); }});
  }

  // A shell may be slow to start; one that gets SIGTERM before it has set its trap leaves no trace.
  void AwaitTrace(const std::string& text) const {
    const absl::Time deadline = absl::Now() + kPatience;
    while (absl::Now() < deadline && Trace().find(text) == std::string::npos) absl::SleepFor(absl::Milliseconds(2));
    EXPECT_THAT(Trace(), HasSubstr(text));
  }

  void WriteServer(const std::string& script) { WriteScript("pegbox-server", script); }
  void WriteWorker(const std::string& script) { WriteScript("pegbox-worker", script); }

  std::unique_ptr<ChildProcess> Start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), folder_ + "/bin/pegbox");
    auto process = ChildProcess::Start({.command = arguments,
                                        .environment = {{"TRACE", folder_ + "/trace"}, {"FAKE_ADDRESS", address_}},
                                        .log_path = folder_ + "/output"});
    EXPECT_TRUE(process.ok()) << process.status();
    return *std::move(process);
  }

  std::unique_ptr<ChildProcess> StartRun() { return Start({"run", folder_ + "/job.yaml", "--data", Data()}); }

  static void ExpectExit(const ChildProcess& process, int code) {
    ASSERT_TRUE(process.WaitFor(kPatience)) << process.DescribeEnd();
    EXPECT_THAT(process.DescribeEnd(), HasSubstr(absl::StrCat("pegbox ended with exit code ", code, ";")));
  }

  std::string Data() const { return folder_ + "/data"; }
  std::string Output() const { return ReadFile(folder_ + "/output"); }
  std::string Trace() const { return ReadFile(folder_ + "/trace"); }

  std::string folder_;
  FakeTuningService service_;
  std::string address_;

 private:
  void WriteScript(const std::string& name, const std::string& script) {
    const std::string path = folder_ + "/bin/" + name;
    std::ofstream(path) << script;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
};

TEST_F(RunTest, StartsServerAndWorkerFollowsTheJobAndEndsThem) {
  LetTheJobEnd();
  const auto run = StartRun();
  ExpectExit(*run, 0);
  EXPECT_THAT(Trace(), testing::StartsWith(absl::StrCat("server started: --data ", Data(),
                                                        "/server --listen 127.0.0.1:0 --address-file ", Data(),
                                                        "/server/address\nworker started: --server ", address_)));
  EXPECT_THAT(Trace(),
              HasSubstr(absl::StrCat(" --data ", Data(), "/worker --id local --slots 3 PATH=", folder_, "/bin:")));
  EXPECT_THAT(Trace(), testing::EndsWith("worker stopped\nserver stopped\n"));
  EXPECT_THAT(Output(), AllOf(HasSubstr("job         a completed"),
                              HasSubstr(absl::StrCat(folder_, "/bin/pegbox --data ", Data(), " best a\n"))));
}

TEST_F(RunTest, AServerThatEndsAtOnceIsReportedWithItsLog) {
  WriteServer("#!/bin/sh\necho 'the data folder is in use' >&2\nexit 3\n");
  const auto run = StartRun();
  ExpectExit(*run, 6);
  EXPECT_THAT(Output(), HasSubstr(absl::StrCat("pegbox: pegbox-server ended with exit code 3; the end of ", Data(),
                                               "/server.log:\n  the data folder is in use\n")));
}

TEST_F(RunTest, AWorkerThatEndsInMidJobIsReportedAndTheServerStopped) {
  service_.AddWatch({.waits_for_stop = true});
  WriteWorker("#!/bin/sh\necho 'no GPU left' >&2\nexit 1\n");
  const auto run = StartRun();
  ExpectExit(*run, 6);
  EXPECT_THAT(Output(), AllOf(HasSubstr("pegbox-worker ended with exit code 1"), HasSubstr("\n  no GPU left\n")));
  EXPECT_THAT(Trace(), HasSubstr("server stopped"));
}

TEST_F(RunTest, AMissingProgramIsNamed) {
  std::filesystem::remove(folder_ + "/bin/pegbox-worker");
  const auto run = StartRun();
  ExpectExit(*run, 6);
  EXPECT_THAT(Output(), HasSubstr("bin/pegbox-worker: cannot be started: No such file or directory"));
  EXPECT_THAT(Trace(), HasSubstr("server stopped"));
}

TEST_F(RunTest, ABadJobFileStartsNothing) {
  std::ofstream(folder_ + "/job.yaml") << "max_jobs: many\n";
  const auto run = StartRun();
  ExpectExit(*run, 2);
  EXPECT_THAT(Output(), HasSubstr("job.yaml:1: max_jobs: must be a whole number"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/trace"));
}

TEST_F(RunTest, AJobWithoutACommandStartsNothing) {
  const std::string file = kJobFile;
  std::ofstream(folder_ + "/job.yaml") << file.substr(0, file.find("trial:"));
  const auto run = StartRun();
  ExpectExit(*run, 2);
  EXPECT_THAT(Output(), HasSubstr("job.yaml: trial: required to run a job here"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/trace"));
}

TEST_F(RunTest, ARefusedJobIsShownAtItsLineAndEverythingEnded) {
  service_.error = grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "spec.trial.command[0]: must exist");
  const auto run = StartRun();
  ExpectExit(*run, 2);
  EXPECT_THAT(Output(), HasSubstr("job.yaml:5: trial.command[0]: must exist"));
  EXPECT_THAT(Trace(), testing::EndsWith("server stopped\n"));
}

TEST_F(RunTest, AnInterruptStopsTheJobAndEndsEverything) {
  service_.AddWatch({.waits_for_stop = true});
  const auto run = StartRun();
  ASSERT_TRUE(service_.AwaitWatchCalls(1)) << Output();
  AwaitTrace("worker started");
  run->Signal(SIGINT);
  ExpectExit(*run, 130);
  EXPECT_THAT(service_.stopped(), testing::ElementsAre("tuningJobs/a"));
  EXPECT_THAT(Trace(), testing::EndsWith("worker stopped\nserver stopped\n"));
}

TEST_F(RunTest, NothingIsLeftOverWhenTheProgramIsKilled) {
  service_.AddWatch({.waits_for_stop = true});
  const auto run = StartRun();
  ASSERT_TRUE(service_.AwaitWatchCalls(1)) << Output();
  AwaitTrace("worker started");
  run->Signal(SIGKILL);
  ASSERT_TRUE(run->WaitFor(kPatience));
  AwaitTrace("server stopped");
  AwaitTrace("worker stopped");
}

TEST_F(RunTest, WatchIsInterruptedWithoutTouchingTheJob) {
  service_.AddWatch({.waits_for_stop = true});
  const auto watch = Start({"watch", "a", "--server", address_});
  ASSERT_TRUE(service_.AwaitWatchCalls(1)) << Output();
  watch->Signal(SIGTERM);
  ExpectExit(*watch, 130);
  EXPECT_THAT(service_.stopped(), testing::IsEmpty());
}

TEST_F(RunTest, DataStartsAServerForOneCommand) {
  std::filesystem::create_directories(Data() + "/server");
  const auto best = Start({"--data", Data(), "best", "a"});
  ExpectExit(*best, 0);
  EXPECT_THAT(Output(), HasSubstr("value       loss 0.5 at epoch 1"));
  EXPECT_THAT(Trace(), AllOf(testing::StartsWith("server started"), testing::EndsWith("server stopped\n"),
                             Not(HasSubstr("worker"))));
}

TEST_F(RunTest, DataUsesTheServerThatRunsThere) {
  std::filesystem::create_directories(Data() + "/server");
  std::ofstream(Data() + "/server/address") << address_ << "\n";
  const auto best = Start({"--data", Data(), "best", "a"});
  ExpectExit(*best, 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/trace"));
}

TEST_F(RunTest, AStaleAddressFileIsNotTakenForTheNewServers) {
  std::filesystem::create_directories(Data() + "/server");
  std::ofstream(Data() + "/server/address") << "127.0.0.1:1\n";
  const auto best = Start({"--data", Data(), "best", "a"});
  ExpectExit(*best, 0);
  EXPECT_THAT(Trace(), HasSubstr("server started"));
}

TEST_F(RunTest, CommandsAboutWhatRunsDoNotStartAServer) {
  std::filesystem::create_directories(Data() + "/server");
  const auto pause = Start({"--data", Data(), "pause", "a"});
  ExpectExit(*pause, 4);
  EXPECT_THAT(Output(), HasSubstr(absl::StrCat("no server runs in ", Data())));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/trace"));
}

}  // namespace
}  // namespace pegbox::cli
