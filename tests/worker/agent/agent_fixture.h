// An agent on a thread of its own, against a FakeServer, with a folder of its own.
#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/worker/agent/fake_worker_service.h"
#include "tests/worker/agent/temporary_folder.h"
#include "worker/agent/agent.h"

namespace pegbox::worker {

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline bool IsAlive(pid_t pid) { return kill(pid, 0) == 0; }

class AgentTest : public testing::Test {
 protected:
  ~AgentTest() override {
    if (thread_.joinable()) StopAgent().IgnoreError();
    agent_.reset();
  }

  Agent::Options Options(int slots = 1) const {
    return {.server_address = server_.address(),
            .data_folder = data(),
            .worker_id = "w",
            .host_name = "host",
            .slots = MakeSlots({}, slots),
            .version = "1",
            .base_environment = {{"PATH", "/usr/bin:/bin"}},
            .guard_path = GUARD_PATH,
            .leave_timeout = absl::Seconds(1)};
  }

  void StartAgent(Agent::Options options) {
    auto agent = Agent::Create(std::move(options));
    ASSERT_TRUE(agent.ok()) << agent.status();
    agent_ = *std::move(agent);
    thread_ = std::thread([this] { status_ = agent_->Run(); });
  }
  void StartAgent(int slots = 1) { StartAgent(Options(slots)); }

  absl::Status StopAgent() {
    agent_->RequestStop();
    return JoinAgent();
  }
  absl::Status JoinAgent() {
    thread_.join();
    return status_;
  }

  // A trial that runs `command`; `change` fills in the rest. Returns its key in ServerState.attempts.
  std::string Add(int64_t number, const std::vector<std::string>& command,
                  const std::function<void(v1::TrialAssignment&)>& change = nullptr) {
    ServerAttempt attempt;
    v1::TrialAssignment& assignment = attempt.assignment;
    assignment.mutable_id()->set_trial(absl::StrCat("tuningJobs/job/trials/", number));
    assignment.mutable_id()->set_attempt(1);
    assignment.set_objective_metric("loss");
    for (const std::string& argument : command) assignment.mutable_template_()->add_command(argument);
    if (change != nullptr) change(assignment);
    const std::string key = AttemptKey(assignment.id());
    service().Change([&](ServerState& state) { state.attempts[key] = attempt; });
    return key;
  }
  // Braces in the script stand for themselves.
  std::string AddScript(int64_t number, const std::string& script,
                        const std::function<void(v1::TrialAssignment&)>& change = nullptr) {
    return Add(number, {"/bin/sh", "-c", absl::StrReplaceAll(script, {{"{", "{{"}, {"}", "}}"}})}, change);
  }

  bool AwaitFinish(const std::string& key) {
    return service().Await([&](const ServerState& state) { return state.attempts.at(key).is_finished(); });
  }
  bool AwaitRows(const std::string& key, size_t count) {
    return service().Await([&](const ServerState& state) { return state.attempts.at(key).rows.size() >= count; });
  }
  ServerAttempt Attempt(const std::string& key) { return service().Get().attempts.at(key); }

  // The process id that a script wrote to `file` of its trial's checkpoint folder.
  pid_t AwaitPid(int64_t trial, const std::string& file) const {
    const std::string path = absl::StrCat(CheckpointFolder(trial), "/", file);
    return static_cast<pid_t>(AwaitNumber(path));
  }
  static int64_t AwaitNumber(const std::string& path) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    int64_t number = 0;
    while (absl::Now() < deadline &&
           !(absl::EndsWith(ReadFile(path), "\n") && absl::SimpleAtoi(ReadFile(path), &number))) {
      absl::SleepFor(absl::Milliseconds(5));
    }
    return number;
  }
  static bool AwaitDeath(pid_t pid) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (IsAlive(pid) && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    return !IsAlive(pid);
  }

  std::string data() const { return folder_.path() + "/data"; }
  std::string CheckpointFolder(int64_t trial) const { return absl::StrCat(data(), "/checkpoints/job/", trial); }
  std::string TrialFolder(int64_t trial) const { return absl::StrCat(data(), "/trials/job-", trial, "-1"); }
  FakeWorkerService& service() { return server_.service(); }

  FakeServer server_;
  TemporaryFolder folder_;
  std::unique_ptr<Agent> agent_;
  std::thread thread_;
  absl::Status status_;
};

// A shell script's line that writes "$$"'s or another process id to a file of the checkpoint folder.
inline std::string WritePid(absl::string_view file, absl::string_view pid = "$$") {
  return absl::StrCat("echo ", pid, " > $PEGBOX_CHECKPOINT_DIR/", file, "\n");
}

inline std::string PrintMetric(absl::string_view step, absl::string_view value) {
  return absl::StrCat("echo 'PEGBOX_METRICS {\"step\": '", step, "', \"metrics\": {\"loss\": '", value, "'}}'\n");
}

}  // namespace pegbox::worker
