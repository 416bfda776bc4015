// The engine's parts on a real in-memory store and a clock that stands still. No loop runs: tests call RunOnce
// themselves.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/clock.h"
#include "common/log.h"
#include "gtest/gtest.h"
#include "server/engine/best_trials.h"
#include "server/engine/client_sessions.h"
#include "server/engine/core.h"
#include "server/engine/reconciler.h"
#include "server/engine/suggestion_pool.h"
#include "server/engine/trial_reports.h"
#include "server/engine/tuning_jobs.h"
#include "server/engine/worker_sessions.h"
#include "server/search/random_searcher.h"
#include "server/store/sqlite_store.h"

namespace pegbox {

inline TuningJobSpec SimpleSpec(int64_t max_jobs, int64_t max_parallel_jobs) {
  TuningJobSpec spec;
  spec.objective = {.metric = "validation:loss", .goal = Goal::kMinimize};
  spec.search_space = SearchSpace::Create({{.name = "dropout", .domain = DoubleDomain{.min = 0, .max = 0.7}}}).value();
  spec.max_jobs = max_jobs;
  spec.max_parallel_jobs = max_parallel_jobs;
  spec.strategy = {.algorithm = Algorithm::kRandom, .seed = 7};
  spec.trial = {.command = {"train", "{dropout}"}};
  return spec;
}

class EngineFixture : public testing::Test {
 protected:
  static constexpr absl::Duration kLease = absl::Minutes(5);

  explicit EngineFixture(SearcherFactory make_searcher = [](const TuningJobSpec&) -> std::unique_ptr<Searcher> {
    return std::make_unique<RandomSearcher>();
  })
      : clock_(absl::FromUnixSeconds(1'800'000'000)),
        store_(SqliteStore::Open({.path = ":memory:"}).value()),
        log_folder_(testing::TempDir() + "engine_logs_" + std::to_string(getpid())),
        trial_log_(log_folder_),
        leases_(kLease),
        live_jobs_(*store_),
        core_{.store = *store_,
              .trial_log = trial_log_,
              .clock = clock_,
              .signal = signal_,
              .leases = leases_,
              .live_jobs = live_jobs_,
              .jobs_to_plan = jobs_to_plan_,
              .jobs_to_suggest = jobs_to_suggest_},
        tuning_jobs_(core_),
        worker_sessions_(core_),
        client_sessions_(core_),
        trial_reports_(core_),
        best_trials_(core_, make_searcher),
        suggestion_pool_(core_, make_searcher),
        reconciler_(core_, suggestion_pool_) {
    Log()->set_level(spdlog::level::warn);
  }
  ~EngineFixture() override { std::filesystem::remove_all(log_folder_); }

  // As the engine's loops would, until nothing more happens by itself.
  void Settle() {
    for (int round = 0; round < 4; ++round) {
      ASSERT_TRUE(reconciler_.RunOnce(clock_.Now()).ok());
      while (const std::optional<absl::Status> status = suggestion_pool_.RunOnce(absl::ZeroDuration())) {
        ASSERT_TRUE(status->ok()) << *status;
      }
    }
  }

  std::string CreateJob(TuningJobSpec spec) {
    const absl::StatusOr<TuningJobView> view = tuning_jobs_.Create({.job_id = "job", .spec = std::move(spec)});
    EXPECT_TRUE(view.ok()) << view.status();
    Settle();
    return "job";
  }

  WorkerIdentity RegisterWorker(const std::string& id, const std::string& incarnation,
                                const std::vector<std::string>& ended = {}) {
    const auto lease = worker_sessions_.Register(
        {.id = id, .incarnation = incarnation, .host_name = "host", .device_names = {"cpu", "cpu"}, .version = "0"},
        ended);
    EXPECT_TRUE(lease.ok()) << lease.status();
    return {.worker_id = id, .incarnation = incarnation};
  }

  absl::StatusOr<SyncResult> Sync(const WorkerIdentity& worker, int64_t free_slots, std::vector<AttemptId> held = {},
                                  std::vector<AttemptId> stopping = {}) {
    return worker_sessions_.Sync(
        {.worker = worker, .held = std::move(held), .stopping = std::move(stopping), .free_slots = free_slots},
        [] { return false; });
  }

  absl::StatusOr<ReportResult> Report(const WorkerIdentity& worker, const AttemptId& id, int64_t step, double value) {
    return trial_reports_.Report(
        {.worker = worker,
         .id = id,
         .measurements = {{.metric = "validation:loss", .step = step, .value = value, .report_time = clock_.Now()}}});
  }

  absl::Status Finish(const WorkerIdentity& worker, const AttemptId& id, std::optional<Failure> failure) {
    return trial_reports_.Finish({.worker = worker, .id = id, .failure = std::move(failure)}).status();
  }

  Trial GetTrial(int64_t number) { return tuning_jobs_.GetTrial({.job_id = "job", .number = number}).value(); }

  ManualClock clock_;
  std::unique_ptr<SqliteStore> store_;
  const std::string log_folder_;
  TrialLog trial_log_;
  ChangeSignal signal_;
  LeaseTable leases_;
  LiveJobs live_jobs_;
  JobQueue jobs_to_plan_;
  JobQueue jobs_to_suggest_;
  Core core_;
  TuningJobs tuning_jobs_;
  WorkerSessions worker_sessions_;
  ClientSessions client_sessions_;
  TrialReports trial_reports_;
  BestTrials best_trials_;
  SuggestionPool suggestion_pool_;
  Reconciler reconciler_;
};

}  // namespace pegbox
