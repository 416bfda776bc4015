#include "server/engine/client_sessions.h"

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "tests/server/engine/engine_fixture.h"

namespace pegbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<int64_t> Numbers(const std::vector<Trial>& trials) {
  std::vector<int64_t> numbers;
  for (const Trial& trial : trials) numbers.push_back(trial.id.number);
  return numbers;
}

class ClientSessionsTest : public EngineFixture {
 protected:
  static TuningJobSpec ClientSpec(int64_t max_jobs, int64_t max_parallel_jobs) {
    TuningJobSpec spec = SimpleSpec(max_jobs, max_parallel_jobs);
    spec.trial.reset();
    return spec;
  }

  absl::StatusOr<SuggestResult> Suggest(SuggestRequest request) {
    if (request.job_id.empty()) request.job_id = "job";
    if (request.client_id.empty()) request.client_id = "notebook";
    return client_sessions_.Suggest(request, [] { return false; });
  }

  AttemptId Ask() { return IdOf(Suggest({})->trials.at(0)); }
  static AttemptId IdOf(const Trial& trial) { return {.trial = trial.id, .attempt = trial.attempt->number}; }

  std::vector<Measurement> Loss(int64_t step, double value) {
    return {{.metric = "validation:loss", .step = step, .value = value, .report_time = clock_.Now()}};
  }
  absl::StatusOr<ReportResult> Tell(const AttemptId& id, std::vector<Measurement> rows) {
    return trial_reports_.Report({.id = id, .measurements = std::move(rows)});
  }
  absl::StatusOr<Trial> Complete(const AttemptId& id, std::vector<Measurement> rows = {},
                                 std::optional<Failure> failure = std::nullopt) {
    return trial_reports_.Finish({.id = id, .measurements = std::move(rows), .failure = std::move(failure)});
  }

  // The reconciler takes a longer silence of its own for a stopped process, so time passes in small steps.
  void Pass(absl::Duration duration) {
    for (; duration > absl::ZeroDuration(); duration -= absl::Seconds(10)) {
      clock_.Advance(std::min(duration, absl::Duration(absl::Seconds(10))));
      Settle();
    }
  }
};

TEST_F(ClientSessionsTest, HandsOutUpToCountWithinMaxParallelJobs) {
  CreateJob(ClientSpec(10, 3));
  const SuggestResult first = Suggest({.count = 2}).value();
  EXPECT_THAT(Numbers(first.trials), ElementsAre(1, 2));
  EXPECT_EQ(first.trials[0].state, TrialState::kRunning);
  EXPECT_EQ(first.trials[0].attempt->client->client_id, "notebook");
  EXPECT_THAT(Numbers(Suggest({.count = 2})->trials), ElementsAre(3));
  Settle();
  EXPECT_THAT(Suggest({})->trials, IsEmpty()) << "three run";
}

TEST_F(ClientSessionsTest, ARepeatedRequestGetsWhatTheFirstOneGot) {
  CreateJob(ClientSpec(10, 3));
  const SuggestRequest request = {.request_id = "r1", .count = 2};
  const std::vector<Trial> lost = Suggest(request)->trials;
  const std::vector<Trial> repeated = Suggest(request)->trials;
  EXPECT_EQ(Numbers(repeated), Numbers(lost));
  EXPECT_EQ(repeated[0].attempt, lost[0].attempt);
  EXPECT_THAT(Numbers(Suggest({.client_id = "other", .request_id = "r1"})->trials), ElementsAre(3));
}

TEST_F(ClientSessionsTest, ARequestWhoseTrialsHaveEndedCountsAsNew) {
  CreateJob(ClientSpec(10, 1));
  ASSERT_TRUE(Complete(IdOf(Suggest({.request_id = "r1"})->trials.at(0)), Loss(1, 0.5)).ok());
  Settle();
  EXPECT_THAT(Numbers(Suggest({.request_id = "r1"})->trials), ElementsAre(2));
}

TEST_F(ClientSessionsTest, AWaitingCallWakesWhenATrialIsQueued) {
  CreateJob(ClientSpec(10, 1));
  const AttemptId id = Ask();
  absl::StatusOr<SuggestResult> result;
  std::thread waiter([&] { result = Suggest({.max_wait = absl::Minutes(1)}); });
  ASSERT_TRUE(Complete(id, Loss(1, 0.5)).ok());
  Settle();
  waiter.join();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(Numbers(result->trials), ElementsAre(2));
}

TEST_F(ClientSessionsTest, AWaitingCallWakesWhenTheJobEnds) {
  CreateJob(ClientSpec(1, 1));
  const AttemptId id = Ask();
  absl::StatusOr<SuggestResult> result;
  std::thread waiter([&] { result = Suggest({.max_wait = absl::Minutes(1)}); });
  ASSERT_TRUE(Complete(id, Loss(1, 0.5)).ok());
  Settle();
  waiter.join();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->trials, IsEmpty());
  EXPECT_EQ(Suggest({})->job_state, JobState::kCompleted);
}

TEST_F(ClientSessionsTest, APausedJobHandsOutNothing) {
  CreateJob(ClientSpec(10, 1));
  ASSERT_TRUE(tuning_jobs_.Pause("job").ok());
  const SuggestResult result = Suggest({}).value();
  EXPECT_THAT(result.trials, IsEmpty());
  EXPECT_EQ(result.job_state, JobState::kPaused);
}

TEST_F(ClientSessionsTest, AnUnknownJobIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(Suggest({.job_id = "none"}).status()));
}

TEST_F(ClientSessionsTest, AReplyHoldsAllThatWasHandedOut) {
  TuningJobSpec spec = ClientSpec(10, 10);
  std::vector<Parameter> parameters = {{.name = "x", .domain = DoubleDomain{.min = 0, .max = 1}}};
  for (int i = 0; i < 200; ++i) {
    parameters.push_back({.name = "text" + std::to_string(i), .domain = ConstantDomain{std::string(4000, 'a')}});
  }
  spec.search_space = SearchSpace::Create(std::move(parameters)).value();
  CreateJob(std::move(spec));
  EXPECT_EQ(Suggest({.count = 10})->trials.size(), 1) << "of 800 kB each";
  EXPECT_EQ(tuning_jobs_.Get("job")->counts.running, 1);
}

TEST_F(ClientSessionsTest, WorkersAreGivenNoTrialOfAJobWithoutATemplate) {
  CreateJob(ClientSpec(10, 2));
  EXPECT_TRUE(Sync(RegisterWorker("w", "incarnation-1"), 1)->empty());
  EXPECT_THAT(Numbers(Suggest({})->trials), ElementsAre(1));
}

TEST_F(ClientSessionsTest, WorkersAndClientsShareAJobWithATemplate) {
  CreateJob(SimpleSpec(10, 2));
  EXPECT_EQ(Sync(RegisterWorker("w", "incarnation-1"), 1)->start.at(0).id.trial.number, 1);
  EXPECT_THAT(Numbers(Suggest({})->trials), ElementsAre(2));
}

TEST_F(ClientSessionsTest, TellingIsAsAWorkersReport) {
  CreateJob(ClientSpec(10, 1));
  const AttemptId id = Ask();
  EXPECT_EQ(Tell(id, Loss(1, 0.5))->new_measurements, 1);
  EXPECT_EQ(Tell(id, Loss(1, 0.4))->new_measurements, 0) << "the first value of a step stands";
  EXPECT_EQ(GetTrial(1).value, 0.5);
  ASSERT_TRUE(tuning_jobs_.StopTrial(id.trial).ok());
  EXPECT_EQ(Tell(id, Loss(2, 0.4))->stop->rule, "user");
  EXPECT_EQ(Complete(id)->state, TrialState::kCanceled);
}

TEST_F(ClientSessionsTest, CompletingStoresTheLastMeasurementsAndIsSafeToRepeat) {
  CreateJob(ClientSpec(10, 1));
  const AttemptId id = Ask();
  const Trial trial = Complete(id, Loss(3, 0.25)).value();
  EXPECT_EQ(trial.state, TrialState::kCompleted);
  EXPECT_EQ(trial.value, 0.25);
  const Trial repeated = Complete(id, Loss(4, 0.1)).value();
  EXPECT_EQ(repeated.state, TrialState::kCompleted);
  EXPECT_EQ(repeated.value, 0.25) << "the first call counts";
}

TEST_F(ClientSessionsTest, LastMeasurementsAreJudgedByNoRule) {
  TuningJobSpec spec = ClientSpec(10, 1);
  spec.early_stopping = {PatienceRule{.patience = 1}};
  CreateJob(std::move(spec));
  const AttemptId id = Ask();
  ASSERT_TRUE(Tell(id, Loss(1, 0.5)).ok());
  const Trial trial = Complete(id, Loss(2, 0.6)).value();
  EXPECT_EQ(trial.state, TrialState::kCompleted);
  EXPECT_FALSE(trial.stop.has_value());
}

TEST_F(ClientSessionsTest, AFailureTeachesAndALossIsTriedAgain) {
  CreateJob(ClientSpec(10, 1));
  const AttemptId id = Ask();
  const Failure lost = {.kind = FailureKind::kLost, .detail = "preempted"};
  EXPECT_EQ(Complete(id, {}, lost)->state, TrialState::kQueued);
  EXPECT_EQ(Complete(id, {}, lost)->state, TrialState::kQueued) << "repeated";
  const AttemptId again = Ask();
  EXPECT_EQ(again, (AttemptId{.trial = id.trial, .attempt = 2}));
  const Trial failed = Complete(again, {}, Failure{.kind = FailureKind::kOutOfMemory, .detail = "CUDA"}).value();
  EXPECT_EQ(failed.state, TrialState::kFailed);
  EXPECT_EQ(failed.failure->kind, FailureKind::kOutOfMemory);
}

TEST_F(ClientSessionsTest, ATrialWithoutAValueHasFailed) {
  CreateJob(ClientSpec(10, 1));
  EXPECT_EQ(Complete(Ask())->failure->kind, FailureKind::kNoMetric);
}

TEST_F(ClientSessionsTest, ReportsRenewTheLeaseThatWasAskedFor) {
  CreateJob(ClientSpec(10, 1));
  const AttemptId id = IdOf(Suggest({.lease_duration = absl::Seconds(20)})->trials.at(0));
  Pass(absl::Seconds(15));
  EXPECT_TRUE(Tell(id, {}).ok());
  Pass(absl::Seconds(15));
  EXPECT_EQ(GetTrial(1).state, TrialState::kRunning);
  Pass(absl::Seconds(15));
  EXPECT_EQ(GetTrial(1).state, TrialState::kQueued);
  EXPECT_EQ(GetTrial(1).attempt->failure->detail, "client notebook was not heard from for the whole lease");
}

TEST_F(ClientSessionsTest, WhoseLeaseHasEndedIsToldNothingMore) {
  CreateJob(ClientSpec(10, 1));
  const AttemptId id = IdOf(Suggest({.lease_duration = absl::Seconds(5)})->trials.at(0));
  Pass(absl::Seconds(10));
  EXPECT_TRUE(absl::IsAborted(Tell(id, Loss(1, 0.5)).status()));
  EXPECT_TRUE(absl::IsAborted(Complete(id, Loss(1, 0.5)).status())) << "its result was not taken";
  const AttemptId next = Ask();
  EXPECT_EQ(next.attempt, 2);
  EXPECT_TRUE(absl::IsAborted(Complete(id, Loss(1, 0.5)).status()));
  EXPECT_EQ(Complete(next, Loss(1, 0.25))->value, 0.25);
}

TEST_F(ClientSessionsTest, AWorkersAttemptIsNotToldByItsNumberAlone) {
  CreateJob(SimpleSpec(10, 1));
  const AttemptId id = Sync(RegisterWorker("w", "incarnation-1"), 1)->start.at(0).id;
  EXPECT_TRUE(absl::IsAborted(Tell(id, Loss(1, 0.5)).status()));
  EXPECT_TRUE(absl::IsAborted(Complete(id, Loss(1, 0.5)).status()));
  EXPECT_FALSE(GetTrial(1).value.has_value());
}

}  // namespace
}  // namespace pegbox
