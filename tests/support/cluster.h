// A whole Pegbox of real programs, for one test: a server, workers and the command line, in a folder of their own.
// A wait that takes too long is a failure of the test, with the ends of all logs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cpp/client.h"
#include "tests/support/program.h"
#include "tests/support/reserved_port.h"
#include "tests/support/scripted_job.h"
#include "tests/support/temp_folder.h"
#include "tests/support/trial_record.h"

namespace pegbox::test {

// Where the programs are, and the scripted trainer.
std::string ProgramPath(absl::string_view name);
std::string TrainerPath();

struct CommandResult {
  int exit_code = -1;  // -1: it took too long, or a signal ended it
  std::string out;
  std::string err;
};

class Cluster {
 public:
  struct Options {
    absl::Duration lease_duration = absl::Minutes(5);
  };

  explicit Cluster(Options options);
  Cluster() : Cluster(Options{}) {}
  // Kills all programs; a failure of the test when one of theirs is alive afterwards.
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  const std::string& folder() const { return folder_.path(); }
  const std::string& address() const { return address_; }

  // At the same address and in the same data folder each time. Returns when its health is SERVING.
  void StartServer();
  void KillServer() { server().Kill(); }
  Program& server() { return *server_; }
  // What StartServer runs.
  std::vector<std::string> ServerCommand() const;

  // In the same data folder each time. Returns when the server knows it.
  void StartWorker(const std::string& id, int slots);
  Program& worker(const std::string& id) { return *workers_.at(id); }

  // Of the server; each call reaches whichever server runs.
  Client& client() { return client_; }

  // Runs `pegbox ARGUMENTS --server ADDRESS` to its end.
  CommandResult Pegbox(std::vector<std::string> arguments, absl::Duration timeout = absl::Seconds(60));
  // Writes the job file; returns its path.
  std::string WriteJobFile(const ScriptedJob& job, const std::string& id);
  // Submits through the command line.
  void Submit(const ScriptedJob& job, const std::string& id);

  v1::TuningJob Job(const std::string& id);
  std::vector<v1::Trial> Trials(const std::string& id);
  v1::Trial GetTrial(const std::string& id, int64_t number);
  std::vector<v1::TrialMeasurement> Measurements(const std::string& id, int64_t number);
  v1::TuningJob WaitForEnd(const std::string& id, absl::Duration timeout);

  const std::string& record_path() const { return record_path_; }
  std::vector<TrialEvent> Record() const { return ReadTrialRecord(record_path_); }
  std::vector<TrialEvent> Record(TrialEvent::Kind kind) const { return Only(Record(), kind); }
  // Processes of trials that are alive: trainers and what they started.
  std::vector<std::string> TrialProcesses() const;

  // As test::WaitUntil; a failure names `what` was waited for.
  bool WaitFor(absl::string_view what, absl::Duration timeout, const std::function<bool()>& condition);

 private:
  void PrintLogs() const;

  const Options options_;
  const TempFolder folder_;
  const ReservedPort port_;
  const std::string address_;
  const std::string record_path_;
  std::unique_ptr<Program> server_;
  std::map<std::string, std::unique_ptr<Program>> workers_;
  Client client_;
  int commands_ = 0;
};

}  // namespace pegbox::test
