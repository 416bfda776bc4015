// How long a free worker waits for its next trial: the real server program over gRPC, many workers that ask and tell,
// and a job of ten parameters that has some hundred trials behind it. The workers' trials are sleeps of log-normal
// length, so that this machine's cores are left to the server, as a GPU host's are.
//
// Prints the time from the moment in which a trial has ended (CompleteTrial is sent) and from the moment in which that
// is committed (its reply) until the next trial is in hand (SuggestTrials' reply).
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/cpp/client.h"
#include "tests/support/cluster.h"

namespace pegbox {
namespace {

constexpr char kJob[] = "dispatch";
constexpr int kParameters = 10;
constexpr double kSpread = 0.5;  // sigma of log duration

struct Flags {
  int workers = 64;
  int64_t trials_before = 500;
  int64_t trials_measured = 1000;
  double median_seconds = 8;
};

struct Waits {
  std::vector<double> since_end;     // milliseconds
  std::vector<double> since_commit;  // milliseconds
};

absl::Status Create(Client& client, const Flags& flags) {
  v1::CreateTuningJobRequest request;
  request.set_tuning_job_id(kJob);
  v1::TuningJobSpec& spec = *request.mutable_spec();
  spec.mutable_objective()->set_metric("loss");
  spec.mutable_objective()->set_goal(v1::Objective::MINIMIZE);
  for (int i = 0; i < kParameters; ++i) {
    v1::Parameter& parameter = *spec.add_parameters();
    parameter.set_name(absl::StrCat("x", i));
    parameter.mutable_double_()->set_min(-5);
    parameter.mutable_double_()->set_max(5);
  }
  spec.set_max_jobs(flags.trials_before + flags.trials_measured + flags.workers);
  spec.set_max_parallel_jobs(flags.workers);
  spec.mutable_strategy()->set_seed(7);
  return client.CreateTuningJob(request).status();
}

// Styblinski-Tang.
double Loss(const v1::Trial& trial) {
  double sum = 0;
  for (const auto& [name, value] : trial.parameters()) {
    const double x = value.double_value();
    sum += 0.5 * (x * x * x * x - 16 * x * x + 5 * x);
  }
  return sum;
}

class Workers {
 public:
  Workers(const Flags& flags, std::string address) : flags_(flags), address_(std::move(address)) {}

  void Run() {
    std::vector<std::thread> threads;
    for (int i = 0; i < flags_.workers; ++i) threads.emplace_back([this, i] { RunOne(i); });
    for (std::thread& thread : threads) thread.join();
  }

  Waits waits() const {
    absl::MutexLock lock(&mu_);
    return waits_;
  }
  int64_t errors() const { return errors_; }

 private:
  // Asks and tells until the trials are used up.
  void RunOne(int worker) {
    Client client({.address = address_, .call_timeout = absl::Minutes(1)});
    std::mt19937 random(worker);
    std::lognormal_distribution<double> seconds(std::log(flags_.median_seconds), kSpread);
    std::optional<absl::Time> end;
    absl::Time commit;
    while (ended_ < flags_.trials_before + flags_.trials_measured) {
      const std::optional<v1::Trial> trial = Ask(client, worker);
      if (!trial.has_value()) return;
      const absl::Time now = absl::Now();
      if (end.has_value() && ended_ >= flags_.trials_before) Count(now - *end, now - commit);
      end.reset();
      const bool is_measured = ended_ >= flags_.trials_before;
      if (is_measured) absl::SleepFor(absl::Seconds(seconds(random)));
      const absl::Time told = absl::Now();
      if (!Tell(client, *trial)) return;
      commit = absl::Now();
      if (is_measured) end = told;
      ++ended_;
    }
  }

  std::optional<v1::Trial> Ask(Client& client, int worker) {
    v1::SuggestTrialsRequest request;
    request.set_parent(TuningJobName(kJob));
    request.set_client(absl::StrCat("worker-", worker));
    while (true) {
      const absl::StatusOr<v1::SuggestTrialsResponse> response = client.SuggestTrials(request);
      if (!response.ok()) return Failed(response.status());
      if (response->trials_size() > 0) return response->trials(0);
      if (response->job_state() != v1::TuningJob::RUNNING) return std::nullopt;
    }
  }

  bool Tell(Client& client, const v1::Trial& trial) {
    v1::CompleteTrialRequest request;
    request.set_name(trial.name());
    request.set_attempt(trial.attempt());
    v1::Measurement& row = *request.add_measurements();
    row.set_metric("loss");
    row.set_value(Loss(trial));
    const absl::Status status = client.CompleteTrial(request).status();
    if (!status.ok()) Failed(status);
    return status.ok();
  }

  std::nullopt_t Failed(const absl::Status& status) {
    std::fprintf(stderr, "a worker ended: %s\n", status.ToString().c_str());
    ++errors_;
    return std::nullopt;
  }

  void Count(absl::Duration since_end, absl::Duration since_commit) {
    absl::MutexLock lock(&mu_);
    waits_.since_end.push_back(absl::ToDoubleMilliseconds(since_end));
    waits_.since_commit.push_back(absl::ToDoubleMilliseconds(since_commit));
  }

  const Flags flags_;
  const std::string address_;
  std::atomic<int64_t> ended_ = 0;
  std::atomic<int64_t> errors_ = 0;
  mutable absl::Mutex mu_;
  Waits waits_ ABSL_GUARDED_BY(mu_);
};

double Quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values.at(static_cast<size_t>(q * static_cast<double>(values.size() - 1)));
}

void Print(const char* what, const std::vector<double>& values) {
  std::printf("%-40s p50 %7.2f ms   p99 %7.2f ms   max %7.2f ms   (%zu waits)\n", what, Quantile(values, 0.5),
              Quantile(values, 0.99), Quantile(values, 1), values.size());
}

absl::Status PrintSuggestTimes(Client& client, const Flags& flags) {
  const absl::StatusOr<std::vector<v1::Trial>> trials = client.ListTrials(kJob);
  if (!trials.ok()) return trials.status();
  std::vector<double> milliseconds;
  for (const v1::Trial& trial : *trials) {
    if (trial.provenance().outcomes() < flags.trials_before) continue;
    milliseconds.push_back(trial.provenance().suggest_milliseconds());
  }
  Print("a suggestion, in the server", milliseconds);
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app("How long a free worker waits for its next trial");
  app.add_option("--workers", flags.workers)->capture_default_str();
  app.add_option("--trials-before", flags.trials_before, "ended at once, before the measurement")
      ->capture_default_str();
  app.add_option("--trials-measured", flags.trials_measured)->capture_default_str();
  app.add_option("--median-seconds", flags.median_seconds, "of a trial")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  test::Cluster cluster;
  cluster.StartServer();
  Client client({.address = cluster.address()});
  absl::Status status = Create(client, flags);
  Workers workers(flags, cluster.address());
  if (status.ok()) workers.Run();
  const Waits waits = workers.waits();
  std::printf("%d workers, %lld trials ended before, %d parameters, trials of %g s (median, log-normal, sigma %g)\n",
              flags.workers, static_cast<long long>(flags.trials_before), kParameters, flags.median_seconds, kSpread);
  if (status.ok() && !waits.since_end.empty()) {
    Print("from a trial's end to the next trial", waits.since_end);
    Print("from its commit to the next trial", waits.since_commit);
    status = PrintSuggestTimes(client, flags);
  }
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() && workers.errors() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace pegbox

int main(int argc, char** argv) { return pegbox::Main(argc, argv); }
