// The whole engine with the real search, asked and told as a program does: its loops, its store on disk, restarts.
#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/engine/engine.h"
#include "server/search/gp/searcher_factory.h"
#include "server/store/sqlite_store.h"
#include "tests/support/temp_folder.h"

namespace pegbox {
namespace {

using testing::HasSubstr;

// A server's inside: what it keeps on disk outlives Restart.
class RunningEngine {
 public:
  RunningEngine() : trial_log_(folder_.File("logs")) {
    Log()->set_level(spdlog::level::warn);
    Start();
  }

  void Restart() {
    engine_ = nullptr;
    store_ = nullptr;
    Start();
  }

  Engine& engine() { return *engine_; }

  std::vector<Trial> Ask(int64_t count) {
    const absl::StatusOr<SuggestResult> result = engine_->client_sessions().Suggest(
        {.job_id = "job", .client_id = "test", .count = count, .max_wait = absl::Seconds(30)}, [] { return false; });
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? result->trials : std::vector<Trial>();
  }

  void Complete(const Trial& trial, std::optional<double> loss) {
    AttemptEnd end = {.id = {.trial = trial.id, .attempt = trial.attempt->number}};
    if (loss.has_value()) {
      end.measurements = {{.metric = "loss", .step = 1, .value = *loss, .report_time = absl::Now()}};
    } else {
      end.failure = Failure{.kind = FailureKind::kOutOfMemory, .detail = "too large"};
    }
    EXPECT_EQ(engine_->trial_reports().Finish(end).status(), absl::OkStatus());
  }

  TuningJob WaitForEnd() {
    for (int i = 0; i < 3000; ++i) {
      const TuningJob job = engine_->tuning_jobs().Get("job")->job;
      if (IsTerminal(job.state)) return job;
      ChangeSignal::Listener listener(engine_->tuning_jobs().signal(), {JobTopic("job")});
      listener.Wait(absl::Milliseconds(10));
    }
    ADD_FAILURE() << "the job did not end";
    return TuningJob();
  }

 private:
  void Start() {
    store_ = SqliteStore::Open({.path = folder_.File("pegbox.db")}).value();
    engine_ =
        std::make_unique<Engine>(*store_, trial_log_, Clock::Real(), Engine::Options{.make_searcher = MakeSearcher});
    EXPECT_EQ(engine_->Start(), absl::OkStatus());
  }

  test::TempFolder folder_;
  TrialLog trial_log_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<Engine> engine_;
};

TuningJobSpec Spec(std::vector<Parameter> parameters, int64_t max_jobs, int64_t max_parallel_jobs) {
  TuningJobSpec spec;
  spec.objective = {.metric = "loss", .goal = Goal::kMinimize};
  spec.search_space = SearchSpace::Create(std::move(parameters)).value();
  spec.max_jobs = max_jobs;
  spec.max_parallel_jobs = max_parallel_jobs;
  spec.strategy.seed = 0;
  spec.max_consecutive_failures = 0;
  return spec;
}

TuningJobSpec MixedSpec(int64_t max_jobs, int64_t max_parallel_jobs) {
  return Spec({{.name = "x", .domain = DoubleDomain{.min = -1, .max = 1}},
               {.name = "rate", .domain = DoubleDomain{.min = 1e-4, .max = 1, .scale = Scale::kLog}},
               {.name = "layers", .domain = IntegerDomain{.min = 1, .max = 8}},
               {.name = "optimizer", .domain = CategoricalDomain{{"adam", "sgd"}}}},
              max_jobs, max_parallel_jobs);
}

// Fails where it is best, as large models do.
std::optional<double> MixedLoss(const Assignment& parameters) {
  const double x = std::get<double>(parameters.at("x"));
  const double rate = std::log10(std::get<double>(parameters.at("rate")));
  const double layers = static_cast<double>(std::get<int64_t>(parameters.at("layers")));
  if (layers >= 7) return std::nullopt;
  const double penalty = parameters.at("optimizer") == ParameterValue(std::string("sgd")) ? 0.3 : 0;
  return x * x + (rate + 2) * (rate + 2) + 1 / layers + penalty;
}

// Every trial's parameters and what its suggestion rested on. Three run at once; the oldest ends first.
std::vector<Trial> PlayThrough(const std::set<int64_t>& restart_after) {
  constexpr int64_t kTrials = 36;
  RunningEngine running;
  EXPECT_TRUE(running.engine().tuning_jobs().Create({.job_id = "job", .spec = MixedSpec(kTrials, 3)}).ok());
  std::vector<Trial> trials = running.Ask(3);
  while (trials.size() < 3) trials.push_back(running.Ask(1).at(0));
  for (int64_t i = 0; i < kTrials; ++i) {
    running.Complete(trials.at(i), MixedLoss(trials.at(i).parameters));
    if (restart_after.contains(i)) running.Restart();
    if (std::ssize(trials) < kTrials) trials.push_back(running.Ask(1).at(0));
  }
  EXPECT_EQ(running.WaitForEnd().end_reason, EndReason::kMaxJobs);
  return trials;
}

TEST(EngineSearchTest, TheSameEventsGiveTheSameSuggestionsAfterRestartsToo) {
  const std::vector<Trial> once = PlayThrough({});
  const std::vector<Trial> again = PlayThrough({2, 3, 11, 12, 20, 31});
  ASSERT_EQ(once.size(), again.size());
  for (size_t i = 0; i < once.size(); ++i) {
    EXPECT_EQ(once[i].parameters, again[i].parameters) << i;
    EXPECT_EQ(once[i].provenance.source, again[i].provenance.source) << i;
    EXPECT_EQ(once[i].provenance.acquisition_value, again[i].provenance.acquisition_value) << i;
    EXPECT_EQ(once[i].provenance.outcomes, again[i].provenance.outcomes) << i;
    EXPECT_EQ(once[i].provenance.fit, again[i].provenance.fit) << i;
  }
}

TEST(EngineSearchTest, AUsedUpSpaceEndsTheJobOnceItsTrialsHaveEnded) {
  RunningEngine running;
  TuningJobSpec spec =
      Spec({{.name = "on", .domain = BoolDomain{}}, {.name = "size", .domain = DiscreteDomain{{1, 2, 3}}}},
           /*max_jobs=*/100, /*max_parallel_jobs=*/4);
  ASSERT_TRUE(running.engine().tuning_jobs().Create({.job_id = "job", .spec = std::move(spec)}).ok());
  std::set<Assignment> seen;
  std::vector<Trial> live;
  for (int i = 0; i < 6; ++i) {
    live.push_back(running.Ask(1).at(0));
    EXPECT_TRUE(seen.insert(live.back().parameters).second) << "a point was suggested twice";
    if (live.size() < 4) continue;
    running.Complete(live.front(), std::get<double>(live.front().parameters.at("size")));
    live.erase(live.begin());
  }
  EXPECT_EQ(running.engine().tuning_jobs().Get("job")->job.state, JobState::kRunning) << "trials still run";
  for (const Trial& trial : live) running.Complete(trial, 1);
  const TuningJob job = running.WaitForEnd();
  EXPECT_EQ(job.state, JobState::kCompleted);
  EXPECT_EQ(job.end_reason, EndReason::kSpaceExhausted);
  EXPECT_THAT(job.end_detail, HasSubstr("in 6 trials"));
}

}  // namespace
}  // namespace pegbox
