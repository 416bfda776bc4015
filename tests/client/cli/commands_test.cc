#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "tests/client/fake_tuning_service.h"

namespace pegbox::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr char kJobFile[] =
    "parameters:\n"
    "  - name: dropout\n"
    "    double: {min: 0, max: 0.7}\n"
    "objective: {metric: \"validation:loss\", goal: minimize}\n"
    "max_jobs: 3\n"
    "trial: {command: [train]}\n";

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

v1::Trial BestTrial() {
  return Parse<v1::Trial>(R"pb(
    name: "tuningJobs/fashion/trials/2"
    parameters {
      key: "dropout"
      value { double_value: 0.25 }
    }
    parameters {
      key: "optimizer"
      value { string_value: "adam" }
    }
    state: EARLY_STOPPED
    attempt: 1
    worker: "workers/gpu-1"
    value: 0.5
    best_step: 2
    last_step: 3
    stop { rule: "median" step: 3 value: 0.6 threshold: 0.4 compared_trials: 5 explanation: "0.6 is above 0.4" }
    start_time { seconds: 100 }
    end_time { seconds: 165 }
    checkpoint_path: "/data/fashion/2"
    checkpoint_step: 2
    provenance { source: "log_ei" acquisition_value: -1.5 fit_evaluations: 12 suggest_milliseconds: 2.25 outcomes: 7 }
    attempts {
      number: 1
      worker: "workers/gpu-1"
      start_time { seconds: 100 }
      end_time { seconds: 165 }
    }
  )pb");
}

v1::TuningJob Job() {
  return Parse<v1::TuningJob>(R"pb(
    name: "tuningJobs/fashion"
    spec {
      display_name: "Fashion"
      objective { metric: "validation:loss" goal: MINIMIZE }
      max_jobs: 3
    }
    state: RUNNING
    trial_counts { completed: 1 early_stopped: 1 running: 1 }
    best_trial: "tuningJobs/fashion/trials/2"
  )pb");
}

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() {
    service_.jobs = {Job()};
    service_.trials = {Parse<v1::Trial>(R"pb(
                         name: "tuningJobs/fashion/trials/1"
                         parameters {
                           key: "dropout"
                           value { double_value: 0.5 }
                         }
                         state: COMPLETED
                         value: 0.9
                         best_step: 4
                         last_step: 4
                       )pb"),
                       BestTrial(), Parse<v1::Trial>(R"pb(
                         name: "tuningJobs/fashion/trials/3"
                         state: FAILED
                         value: 7
                         failure { kind: OUT_OF_MEMORY detail: "killed" }
                       )pb")};
    for (const auto& [metric, values] : std::vector<std::pair<std::string, std::vector<double>>>{
             {"train:loss", {0.7, 0.25, 0.1}}, {"validation:loss", {0.8, 0.5, 0.6}}}) {
      for (size_t i = 0; i < values.size(); ++i) {
        v1::TrialMeasurement& row = service_.measurements.emplace_back();
        row.set_trial_number(2);
        row.set_attempt(1);
        row.mutable_measurement()->set_metric(metric);
        row.mutable_measurement()->set_step(static_cast<int64_t>(i) + 1);
        row.mutable_measurement()->set_value(values[i]);
      }
    }
    address_ = service_.Start();
  }

  // Runs `pegbox ARGUMENTS`; what it wrote is in out_ and err_.
  ExitCode Pegbox(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--server", address_});
    return PegboxAlone(arguments);
  }

  ExitCode PegboxAlone(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    std::ostringstream err;
    Console console{.out = out, .err = err};
    const ExitCode code = RunCommandLine(arguments, console);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  std::string WriteJobFile(const std::string& text) {
    const std::string path = absl::StrCat(testing::TempDir(), "commands_test_job_", getpid(), ".yaml");
    std::ofstream(path) << text;
    return path;
  }

  // out_ as the message that it must be the JSON of.
  template <typename Message>
  Message OutputAs() {
    Message message;
    const auto status = google::protobuf::util::JsonStringToMessage(out_, &message);
    EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << out_;
    return message;
  }

  FakeTuningService service_;
  std::string address_;
  std::string out_;
  std::string err_;
};

TEST_F(CommandsTest, SubmitPrintsTheIdAloneOnStandardOutput) {
  const std::string file = WriteJobFile(kJobFile);
  EXPECT_EQ(Pegbox({"submit", file, "--id", "fashion"}), ExitCode::kOk);
  EXPECT_EQ(out_, "fashion\n");
  EXPECT_EQ(err_, absl::StrCat("submitted; follow it with: pegbox --server ", address_, " watch fashion\n"));
  EXPECT_EQ(service_.create_request().tuning_job_id(), "fashion");
  EXPECT_EQ(service_.create_request().spec().parameters(0).double_().max(), 0.7);
}

TEST_F(CommandsTest, SubmitWithoutACommandSaysHowItsTrialsAreRun) {
  EXPECT_EQ(Pegbox({"submit", WriteJobFile(std::string(kJobFile, std::string(kJobFile).find("trial:")))}),
            ExitCode::kOk);
  EXPECT_FALSE(service_.create_request().spec().has_trial());
  EXPECT_THAT(err_, HasSubstr("ask for them with SuggestTrials"));
}

TEST_F(CommandsTest, SubmitAsJsonPrintsTheJob) {
  EXPECT_EQ(Pegbox({"--output", "json", "submit", WriteJobFile(kJobFile)}), ExitCode::kOk);
  EXPECT_EQ(OutputAs<v1::TuningJob>().spec().max_jobs(), 3);
  EXPECT_EQ(err_, "");
}

TEST_F(CommandsTest, ABadJobFileIsNeverSent) {
  const std::string file = WriteJobFile("max_jbos: 3\n");
  EXPECT_EQ(Pegbox({"submit", file}), ExitCode::kUsage);
  EXPECT_EQ(err_, absl::StrCat("pegbox: ", file, ":1: max_jbos: unknown key; did you mean \"max_jobs\"?\n"));
  EXPECT_EQ(out_, "");
  EXPECT_FALSE(service_.create_request().has_spec());
}

TEST_F(CommandsTest, TheServersRefusalIsShownAtItsLine) {
  service_.error = grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "spec.parameters[0].double.max: must be finite");
  const std::string file = WriteJobFile(kJobFile);
  EXPECT_EQ(Pegbox({"submit", file}), ExitCode::kUsage);
  EXPECT_EQ(err_, absl::StrCat("pegbox: ", file, ":3: parameters[0].double.max: must be finite\n"));
}

TEST_F(CommandsTest, ValidateNeedsNoServer) {
  service_.Stop();
  const std::string file = WriteJobFile(kJobFile);
  EXPECT_EQ(PegboxAlone({"validate", file}), ExitCode::kOk);
  EXPECT_THAT(out_, StartsWith(absl::StrCat(file, ": well formed, 1 parameters, 3 trials")));
  EXPECT_EQ(PegboxAlone({"validate", file, "--output", "json"}), ExitCode::kOk);
  EXPECT_EQ(OutputAs<v1::TuningJobSpec>().max_jobs(), 3);
  EXPECT_EQ(PegboxAlone({"validate", "no-such-file.yaml"}), ExitCode::kUsage);
}

TEST_F(CommandsTest, TheDocumentedAndTheDemosJobFilesAreWellFormed) {
  const std::string source = PEGBOX_SOURCE_DIR;
  EXPECT_EQ(PegboxAlone({"validate", source + "/client/cli/examples/overfitting_fashion_mnist.yaml"}), ExitCode::kOk)
      << err_;
  std::ostringstream page;
  page << std::ifstream(source + "/docs/job-file.md").rdbuf();
  const std::string text = page.str();
  const size_t begin = text.find("```yaml\n") + 8;
  EXPECT_EQ(PegboxAlone({"validate", WriteJobFile(text.substr(begin, text.find("```", begin) - begin))}), ExitCode::kOk)
      << err_;
}

TEST_F(CommandsTest, JobsAreListed) {
  EXPECT_EQ(Pegbox({"jobs"}), ExitCode::kOk);
  EXPECT_EQ(out_,
            "JOB      STATE    DONE  RUNNING  OBJECTIVE        BEST TRIAL  CREATED  NAME\n"
            "fashion  running  2/3         1  validation:loss           2        -  Fashion\n");
  EXPECT_EQ(Pegbox({"jobs", "--output", "json"}), ExitCode::kOk);
  EXPECT_EQ(OutputAs<v1::ListTuningJobsResponse>().tuning_jobs(0).name(), "tuningJobs/fashion");
  EXPECT_THAT(out_, HasSubstr("\"max_jobs\""));  // names as in the proto files
}

TEST_F(CommandsTest, AnEmptyListIsStillAJsonDocument) {
  service_.jobs.clear();
  EXPECT_EQ(Pegbox({"jobs"}), ExitCode::kOk);
  EXPECT_EQ(out_, "");
  EXPECT_EQ(Pegbox({"jobs", "--output", "json"}), ExitCode::kOk);
  EXPECT_EQ(nlohmann::json::parse(out_).at("tuning_jobs").size(), 0);
}

TEST_F(CommandsTest, TrialsAreListedByNumberOrBestFirst) {
  EXPECT_EQ(Pegbox({"trials", "fashion"}), ExitCode::kOk);
  EXPECT_EQ(out_,
            "TRIAL  STATE          VALUE  AT EPOCH  LAST EPOCH  dropout  optimizer  WHY IT ENDED\n"
            "    1  completed        0.9         4           4      0.5  -\n"
            "    2  early stopped    0.5         2           3     0.25  adam       median at epoch 3\n"
            "    3  failed             7         -           -        -  -          out of memory\n");
  EXPECT_EQ(Pegbox({"trials", "tuningJobs/fashion", "--sort", "best", "--output", "json"}), ExitCode::kOk);
  const auto response = OutputAs<v1::ListTrialsResponse>();
  ASSERT_EQ(response.trials_size(), 3);
  EXPECT_EQ(response.trials(0).name(), "tuningJobs/fashion/trials/2");
}

TEST_F(CommandsTest, BestShowsParametersValueEpochCheckpointAndHowItGeneralises) {
  EXPECT_EQ(Pegbox({"best", "fashion"}), ExitCode::kOk);
  EXPECT_EQ(out_,
            "trial       fashion/2 (early stopped)\n"
            "value       validation:loss 0.5 at epoch 2 (last epoch 3)\n"
            "generalises loss: train 0.25, validation 0.5 (gap 0.25)\n"
            "checkpoint  /data/fashion/2 (epoch 2)\n"
            "recommended the same: why\n"
            "parameters\n"
            "  dropout    0.25\n"
            "  optimizer  adam\n");
  EXPECT_EQ(Pegbox({"best", "fashion", "--output", "json"}), ExitCode::kOk);
  EXPECT_EQ(OutputAs<v1::GetBestTrialResponse>().best_trial().checkpoint_path(), "/data/fashion/2");
}

TEST_F(CommandsTest, BestNamesAnotherRecommendedTrialAndSaysWhy) {
  service_.recommended = service_.trials.at(0).name();
  EXPECT_EQ(Pegbox({"best", "fashion"}), ExitCode::kOk);
  EXPECT_THAT(out_, HasSubstr("recommended fashion/1: why\n"));
}

TEST_F(CommandsTest, TrialShowsAttemptsStopAndCurves) {
  EXPECT_EQ(Pegbox({"trial", "fashion/2"}), ExitCode::kOk);
  EXPECT_THAT(out_, HasSubstr("stopped     median at epoch 3: 0.6 is above 0.4\n"));
  EXPECT_THAT(
      out_,
      HasSubstr("chosen by   log_ei after 7 ended trials, acquisition value -1.5, 12 fit evaluations, in 2.25 ms\n"));
  EXPECT_THAT(out_, HasSubstr("1m 05s   done\n"));
  EXPECT_THAT(out_, HasSubstr("  validation:loss       3    0.8   0.6     0.5      0.8  █▁▃\n"));
  EXPECT_EQ(Pegbox({"trial", "fashion/2", "--output", "json"}), ExitCode::kOk);
  const nlohmann::json document = nlohmann::json::parse(out_);
  EXPECT_EQ(document.at("trial").at("name"), "tuningJobs/fashion/trials/2");
  EXPECT_EQ(document.at("measurements").size(), 6);
}

TEST_F(CommandsTest, DiagnoseShowsFindingsParametersAndTrials) {
  service_.diagnosis = Parse<v1::TuningJobDiagnosis>(R"pb(
    verdict: OVERFITS
    trials {
      trial: "tuningJobs/fashion/trials/2"
      value: 0.5
      best_step: 2
      train: 0.25
      validation: 0.5
      gap: 0.25
      divergence_step: 2
      last_step: 9
    }
    effects {
      parameter: "dropout"
      trials: 8
      with_gap { strength: -0.75 p_value: 0.004 }
      with_value { strength: -0.5 p_value: 0.2 }
      low_gap: 0.3
      high_gap: 0.1
    }
    findings: "The trials overfit."
  )pb");
  ASSERT_EQ(Pegbox({"diagnose", "fashion", "--train", "train:nll"}), ExitCode::kOk);
  EXPECT_THAT(out_, HasSubstr("verdict     overfits\n- The trials overfit.\n"));
  EXPECT_THAT(out_, HasSubstr("-0.75 (p 0.004)"));
  EXPECT_THAT(out_, HasSubstr("train:nll"));
  EXPECT_THAT(out_, testing::ContainsRegex("  2 +0.5 +2 +0.25 +0.5 +0.25 +2 +9"));
  ASSERT_EQ(Pegbox({"diagnose", "fashion", "--output", "json"}), ExitCode::kOk);
  EXPECT_EQ(OutputAs<v1::TuningJobDiagnosis>().effects(0).parameter(), "dropout");
}

TEST_F(CommandsTest, LogsArePrintedAsTheyAre) {
  service_.log = {"epoch 1\n", "epo", "ch 2\n"};
  EXPECT_EQ(Pegbox({"logs", "fashion/2", "--attempt", "1", "-f"}), ExitCode::kOk);
  EXPECT_EQ(out_, "epoch 1\nepoch 2\n");
  EXPECT_EQ(service_.log_request().attempt(), 1);
  EXPECT_TRUE(service_.log_request().follow());
  service_.log = {"bad \xff byte\n"};
  EXPECT_EQ(Pegbox({"logs", "fashion/2", "--output", "json"}), ExitCode::kOk);
  EXPECT_EQ(nlohmann::json::parse(out_).at("log"), "bad \xef\xbf\xbd byte\n");
  EXPECT_FALSE(service_.log_request().follow());
}

TEST_F(CommandsTest, StopTakesJobsAndTrials) {
  EXPECT_EQ(Pegbox({"stop", "fashion"}), ExitCode::kOk);
  EXPECT_EQ(out_, "fashion stopping\n");
  EXPECT_EQ(Pegbox({"stop", "fashion/2"}), ExitCode::kOk);
  EXPECT_EQ(out_, "fashion/2 stopping\n");
  EXPECT_EQ(Pegbox({"stop", "fashion/2", "--output", "json"}), ExitCode::kOk);
  EXPECT_EQ(OutputAs<v1::Trial>().state(), v1::Trial::STOPPING);
}

TEST_F(CommandsTest, PauseAndResumeSayTheNewState) {
  EXPECT_EQ(Pegbox({"pause", "fashion"}), ExitCode::kOk);
  EXPECT_EQ(out_, "fashion paused\n");
  EXPECT_EQ(Pegbox({"resume", "fashion"}), ExitCode::kOk);
  EXPECT_EQ(out_, "fashion running\n");
}

TEST_F(CommandsTest, WorkersAreListed) {
  service_.workers = {Parse<v1::Worker>(R"pb(name: "workers/gpu-1"
                                             state: ONLINE
                                             host_name: "rack-3"
                                             slots: 2
                                             device_names: "cuda:0"
                                             device_names: "cuda:1"
                                             running_trials: "tuningJobs/fashion/trials/3"
                                             version: "0.1.0")pb")};
  EXPECT_EQ(Pegbox({"workers"}), ExitCode::kOk);
  EXPECT_EQ(out_,
            "WORKER  STATE   HOST    SLOTS  RUNNING  DEVICES        LAST SYNC  VERSION\n"
            "gpu-1   online  rack-3      2        1  cuda:0,cuda:1          -  0.1.0\n");
}

v1::WatchTuningJobResponse LastEvent(v1::TuningJob::State state) {
  v1::WatchTuningJobResponse event;
  event.set_revision(5);
  *event.mutable_tuning_job() = Job();
  event.mutable_tuning_job()->set_state(state);
  *event.add_trials() = BestTrial();
  return event;
}

TEST_F(CommandsTest, WatchPrintsLinesAndASummaryWithoutEscapeCodes) {
  service_.AddWatch({.events = {LastEvent(v1::TuningJob::COMPLETED)}});
  EXPECT_EQ(Pegbox({"watch", "fashion"}), ExitCode::kOk);
  EXPECT_THAT(out_, StartsWith("trial 2 early stopped (median at epoch 3): validation:loss 0.5 at epoch 2  dropout "
                               "0.25  optimizer adam\n"
                               "new best 0.5: trial 2 at epoch 2\n"
                               "job         fashion completed"));
  EXPECT_THAT(out_, HasSubstr(absl::StrCat("  pegbox --server ", address_, " best fashion\n")));
  EXPECT_EQ(out_.find('\x1b'), std::string::npos);
}

TEST_F(CommandsTest, WatchAsJsonIsOneLineAnEvent) {
  service_.AddWatch({.events = {LastEvent(v1::TuningJob::RUNNING), LastEvent(v1::TuningJob::COMPLETED)}});
  EXPECT_EQ(Pegbox({"watch", "fashion", "--output", "json"}), ExitCode::kOk);
  std::istringstream lines(out_);
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    EXPECT_EQ(nlohmann::json::parse(line).at("revision"), "5");
    ++count;
  }
  EXPECT_EQ(count, 2);
}

TEST_F(CommandsTest, WatchRedrawsInPlaceOnATerminal) {
  service_.AddWatch({.events = {LastEvent(v1::TuningJob::RUNNING), LastEvent(v1::TuningJob::COMPLETED)}});
  std::ostringstream out;
  std::ostringstream err;
  Console console{.out = out, .err = err, .is_terminal = true};
  EXPECT_EQ(RunCommandLine({"watch", "fashion", "--server", address_}, console), ExitCode::kOk);
  EXPECT_THAT(out.str(), HasSubstr("\x1b[J"));
  EXPECT_THAT(out.str(), HasSubstr("job         fashion completed"));
}

TEST_F(CommandsTest, WatchOfAFailedOrFruitlessJobEndsWithOne) {
  service_.AddWatch({.events = {LastEvent(v1::TuningJob::FAILED)}});
  EXPECT_EQ(Pegbox({"watch", "fashion"}), ExitCode::kJobFailed);
  v1::WatchTuningJobResponse fruitless = LastEvent(v1::TuningJob::COMPLETED);
  fruitless.mutable_tuning_job()->clear_best_trial();
  service_.AddWatch({.events = {fruitless}});
  EXPECT_EQ(Pegbox({"watch", "fashion"}), ExitCode::kJobFailed);
}

TEST_F(CommandsTest, WatchSaysThatTheServerIsAwayAndGoesOn) {
  service_.AddWatch({.end = grpc::Status(grpc::StatusCode::UNAVAILABLE, "restarting")});
  service_.AddWatch({.events = {LastEvent(v1::TuningJob::COMPLETED)}});
  EXPECT_EQ(Pegbox({"watch", "fashion"}), ExitCode::kOk);
  EXPECT_EQ(err_, "pegbox: the server is away; trying again\n");
}

struct CodeCase {
  grpc::StatusCode grpc_code;
  ExitCode exit_code;
};

TEST_F(CommandsTest, StatusesBecomeExitCodes) {
  for (const CodeCase& c : std::vector<CodeCase>{{grpc::INVALID_ARGUMENT, ExitCode::kUsage},
                                                 {grpc::NOT_FOUND, ExitCode::kNotFound},
                                                 {grpc::UNAVAILABLE, ExitCode::kUnreachable},
                                                 {grpc::DEADLINE_EXCEEDED, ExitCode::kUnreachable},
                                                 {grpc::ALREADY_EXISTS, ExitCode::kConflict},
                                                 {grpc::FAILED_PRECONDITION, ExitCode::kConflict},
                                                 {grpc::ABORTED, ExitCode::kConflict},
                                                 {grpc::RESOURCE_EXHAUSTED, ExitCode::kError},
                                                 {grpc::INTERNAL, ExitCode::kError},
                                                 {grpc::DATA_LOSS, ExitCode::kError}}) {
    service_.error = grpc::Status(c.grpc_code, "why");
    EXPECT_EQ(Pegbox({"pause", "fashion"}), c.exit_code) << c.grpc_code;
    EXPECT_EQ(Pegbox({"watch", "fashion"}), c.exit_code) << c.grpc_code;
    EXPECT_THAT(err_, HasSubstr("why"));
    EXPECT_EQ(out_, "");
  }
}

TEST_F(CommandsTest, AnUnreachableServerIsNamed) {
  service_.Stop();
  for (const char* command : {"jobs", "workers"}) {
    EXPECT_EQ(Pegbox({command}), ExitCode::kUnreachable);
    EXPECT_THAT(err_, StartsWith(absl::StrCat("pegbox: no answer from the server at ", address_, " (")));
  }
  EXPECT_EQ(Pegbox({"watch", "fashion"}), ExitCode::kUnreachable);
}

TEST_F(CommandsTest, WhatIsNotThereIsNotFound) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{{"best", "other"},
                                                                                         {"trials", "other"},
                                                                                         {"trial", "fashion/9"},
                                                                                         {"stop", "other"},
                                                                                         {"watch", "other"},
                                                                                         {"logs", "fashion/9"}}) {
    EXPECT_EQ(Pegbox(arguments), ExitCode::kNotFound) << arguments[0];
    EXPECT_THAT(err_, HasSubstr("does not exist"));
  }
}

TEST_F(CommandsTest, WrongUsageIsExplained) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "A subcommand is required"},
      {{"trails", "fashion"}, "unknown command \"trails\"; did you mean \"trials\"?"},
      {{"frobnicate"}, "unknown command \"frobnicate\""},
      {{"watch"}, "JOB is required"},
      {{"jobs", "extra"}, "extra"},
      {{"trials", "fashion", "--sort", "worst"}, "--sort"},
      {{"jobs", "--output", "xml"}, "--output"},
      {{"best", "Fashion"}, "JOB: must be 1 to 63"},
      {{"trial", "fashion"}, "TRIAL: must be a job and a trial's number, such as fashion/7; got \"fashion\""},
      {{"logs", "fashion/2", "--attempt", "0"}, "--attempt"},
      {{"run", "x.yaml", "--slots", "0"}, "--slots"},
      {{"run", "no-such-file.yaml"}, "no-such-file.yaml: cannot be read"},
      {{"--data", "/no/such/folder", "jobs"}, "--data: /no/such/folder has no folder \"server\""}};
  for (const auto& [arguments, error] : cases) {
    EXPECT_EQ(PegboxAlone(arguments), ExitCode::kUsage) << error;
    EXPECT_THAT(err_, HasSubstr(error));
    EXPECT_EQ(out_, "");
  }
}

TEST_F(CommandsTest, EveryCommandHasHelpWithAnExample) {
  EXPECT_EQ(PegboxAlone({"--help"}), ExitCode::kOk);
  EXPECT_THAT(out_, HasSubstr("Exit codes: 0 done"));
  for (const char* command : {"submit", "validate", "watch", "jobs", "trials", "best", "trial", "stop", "pause",
                              "resume", "workers", "logs", "run"}) {
    EXPECT_EQ(PegboxAlone({command, "--help"}), ExitCode::kOk);
    EXPECT_THAT(out_, HasSubstr(absl::StrCat("Example:\n  pegbox ", command)));
  }
}

TEST_F(CommandsTest, TheServerComesFromTheEnvironmentUnlessTheOptionSaysOtherwise) {
  setenv("PEGBOX_SERVER", address_.c_str(), 1);
  EXPECT_EQ(PegboxAlone({"jobs"}), ExitCode::kOk);
  setenv("PEGBOX_SERVER", "127.0.0.1:1", 1);
  EXPECT_EQ(PegboxAlone({"jobs"}), ExitCode::kUnreachable);
  EXPECT_EQ(Pegbox({"jobs"}), ExitCode::kOk);
  unsetenv("PEGBOX_SERVER");
}

}  // namespace
}  // namespace pegbox::cli
