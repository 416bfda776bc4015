#include "tests/support/cluster.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/grpc_polling.h"
#include "tests/support/health.h"
#include "tests/support/process_list.h"
#include "tests/support/wait.h"

namespace pegbox::test {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(30);

template <typename T>
T ValueOrFailure(absl::StatusOr<T> value) {
  EXPECT_TRUE(value.ok()) << value.status();
  return value.ok() ? *std::move(value) : T();
}

Client::Options ClientOptions(const std::string& address) {
  PollIdleChannelsOften();
  return {.address = address, .call_timeout = absl::Seconds(10)};
}

}  // namespace

std::string ProgramPath(absl::string_view name) {
  const char* const folder = std::getenv("PEGBOX_BIN_DIR");
  return absl::StrCat(folder == nullptr ? PEGBOX_DEFAULT_BIN_DIR : folder, "/", name);
}

std::string TrainerPath() { return FAKE_TRAINER_PATH; }

Cluster::Cluster(Options options)
    : options_(options),
      address_(port_.address()),
      record_path_(folder_.File("record")),
      client_(ClientOptions(address_)) {}

Cluster::~Cluster() {
  for (auto& [id, worker] : workers_) worker->Kill();
  if (server_ != nullptr) server_->Kill();
  std::vector<std::string> left;
  WaitUntil(absl::Seconds(5), [&] { return (left = ProcessesWith(folder())).empty(); });
  EXPECT_TRUE(left.empty()) << "left over:\n" << absl::StrJoin(left, "\n");
  if (testing::Test::HasFailure()) PrintLogs();
}

std::vector<std::string> Cluster::ServerCommand() const {
  return {ProgramPath("pegbox-server"),
          "--data",
          folder_.File("server"),
          "--listen",
          address_,
          "--lease-duration",
          absl::FormatDuration(options_.lease_duration)};
}

void Cluster::StartServer() {
  server_ = std::make_unique<Program>(
      Program::Options{.command = ServerCommand(), .output_path = folder_.File("server.log")});
  WaitFor("the server to serve", kStartTimeout, [this] {
    return AskHealth(address_) == Health::kServing || !server_->is_running();
    ;
  });
  ASSERT_TRUE(server_->is_running()) << "the server has ended with " << *server_->WaitFor(absl::ZeroDuration());
}

void Cluster::StartWorker(const std::string& id, int slots) {
  const std::string log = folder_.File(id + ".log");
  const size_t old_size = ReadFile(log).size();
  workers_[id] = std::make_unique<Program>(
      Program::Options{.command = {ProgramPath("pegbox-worker"), "--server", address_, "--data", folder_.File(id),
                                   "--id", id, "--slots", absl::StrCat(slots)},
                       .output_path = log});
  WaitFor(absl::StrCat("worker ", id, " to register"), kStartTimeout, [&] {
    return absl::StrContains(ReadFile(log).substr(old_size), "worker registered") || !worker(id).is_running();
  });
  ASSERT_TRUE(worker(id).is_running()) << "the worker has ended with " << *worker(id).WaitFor(absl::ZeroDuration());
}

CommandResult Cluster::Pegbox(std::vector<std::string> arguments, absl::Duration timeout) {
  const std::string path = folder_.File(absl::StrCat("command-", ++commands_));
  std::vector<std::string> command = {ProgramPath("pegbox")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  command.insert(command.end(), {"--server", address_});
  Program program({.command = command, .output_path = path + ".out", .error_path = path + ".err"});
  const std::optional<Program::End> end = program.WaitFor(timeout);
  EXPECT_TRUE(end.has_value()) << absl::StrJoin(command, " ") << " still runs after " << timeout;
  return {.exit_code = end.has_value() ? end->exit_code : -1, .out = program.Output(), .err = ReadFile(path + ".err")};
}

std::string Cluster::WriteJobFile(const ScriptedJob& job, const std::string& id) {
  const std::string path = folder_.File(id + ".yaml");
  std::ofstream(path) << ToYaml(job, TrainerPath(), record_path_);
  return path;
}

void Cluster::Submit(const ScriptedJob& job, const std::string& id) {
  const CommandResult result = Pegbox({"submit", WriteJobFile(job, id), "--id", id});
  ASSERT_EQ(result.exit_code, 0) << result.err;
}

v1::TuningJob Cluster::Job(const std::string& id) { return ValueOrFailure(client_.GetTuningJob(id)); }

std::vector<v1::Trial> Cluster::Trials(const std::string& id) { return ValueOrFailure(client_.ListTrials(id)); }

v1::Trial Cluster::GetTrial(const std::string& id, int64_t number) {
  return ValueOrFailure(client_.GetTrial({id, number}));
}

std::vector<v1::TrialMeasurement> Cluster::Measurements(const std::string& id, int64_t number) {
  return ValueOrFailure(client_.ListMeasurements({id, number}));
}

v1::TuningJob Cluster::WaitForEnd(const std::string& id, absl::Duration timeout) {
  v1::TuningJob job;
  WaitFor(absl::StrCat("job ", id, " to end"), timeout, [&] { return (job = Job(id)).has_end_time(); });
  return job;
}

std::vector<std::string> Cluster::TrialProcesses() const { return ProcessesWith(record_path_); }

bool Cluster::WaitFor(absl::string_view what, absl::Duration timeout, const std::function<bool()>& condition) {
  const bool is_met = WaitUntil(timeout, condition);
  EXPECT_TRUE(is_met) << "waited " << timeout << " in vain for " << what;
  return is_met;
}

void Cluster::PrintLogs() const {
  constexpr size_t kLines = 60;
  std::cerr << "--- server\n" << LastLines(ReadFile(folder_.File("server.log")), kLines) << "\n";
  for (const auto& [id, worker] : workers_) {
    std::cerr << "--- worker " << id << "\n" << LastLines(worker->Output(), kLines) << "\n";
  }
}

}  // namespace pegbox::test
