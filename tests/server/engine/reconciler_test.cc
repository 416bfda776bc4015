#include "server/engine/reconciler.h"

#include "gmock/gmock.h"
#include "tests/server/engine/engine_fixture.h"

namespace pegbox {
namespace {

using testing::HasSubstr;

class ReconcilerTest : public EngineFixture {
 protected:
  // Lets time pass in steps that the reconciler takes for its own ticks.
  void Pass(absl::Duration duration) {
    for (const absl::Time end = clock_.Now() + duration; clock_.Now() < end;) {
      clock_.Advance(std::min(absl::Seconds(10), end - clock_.Now()));
      Settle();
    }
  }
};

TEST_F(ReconcilerTest, ATrialWhoseLeaseEndedIsDispatchedAgain) {
  CreateJob(SimpleSpec(5, 1));
  const WorkerIdentity dead = RegisterWorker("dead", "incarnation-1");
  const AttemptId id = Sync(dead, 1)->start.at(0).id;
  const WorkerIdentity alive = RegisterWorker("alive", "incarnation-2");
  Pass(kLease - absl::Seconds(1));
  EXPECT_TRUE(Sync(alive, 1)->empty()) << "the lease has not ended";
  Pass(absl::Seconds(12));
  const SyncResult result = Sync(alive, 1).value();
  ASSERT_EQ(result.start.size(), 1);
  EXPECT_EQ(result.start[0].id, (AttemptId{.trial = id.trial, .attempt = 2}));
  EXPECT_TRUE(absl::IsAborted(Report(dead, id, 1, 0.5).status()));
  const std::vector<Attempt> attempts = tuning_jobs_.ListAttempts(id.trial).value();
  ASSERT_EQ(attempts.size(), 2);
  EXPECT_EQ(attempts[0].failure->kind, FailureKind::kLost);
  EXPECT_EQ(attempts[0].worker_id, "dead");
}

TEST_F(ReconcilerTest, ReportsAndSyncsKeepTheLease) {
  CreateJob(SimpleSpec(5, 1));
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  const AttemptId id = Sync(worker, 1)->start.at(0).id;
  Pass(kLease / 2);
  ASSERT_TRUE(Report(worker, id, 1, 0.5).ok());
  Pass(kLease / 2 + absl::Seconds(10));
  ASSERT_TRUE(Sync(worker, 0, {id}).ok());
  Pass(kLease / 2 + absl::Seconds(10));
  EXPECT_EQ(GetTrial(1).state, TrialState::kRunning);
}

TEST_F(ReconcilerTest, ATrialLostTooOftenFails) {
  CreateJob(SimpleSpec(1, 1));
  for (int64_t attempt = 1; attempt <= kMaxInfrastructureAttempts; ++attempt) {
    const std::string incarnation = "incarnation-" + std::to_string(attempt);
    const WorkerIdentity worker = RegisterWorker("w", incarnation, {"incarnation-" + std::to_string(attempt - 1)});
    ASSERT_EQ(Sync(worker, 1)->start.size(), 1) << attempt;
  }
  RegisterWorker("w", "last", {"incarnation-" + std::to_string(kMaxInfrastructureAttempts)});
  Settle();
  EXPECT_EQ(GetTrial(1).state, TrialState::kFailed);
  EXPECT_EQ(GetTrial(1).failure->kind, FailureKind::kLost);
  EXPECT_EQ(tuning_jobs_.Get("job")->job.state, JobState::kCompleted);
}

TEST_F(ReconcilerTest, MaxRuntimeEndsTheJob) {
  TuningJobSpec spec = SimpleSpec(5, 2);
  spec.max_runtime = absl::Minutes(1);
  CreateJob(spec);
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  const AttemptId id = Sync(worker, 1)->start.at(0).id;
  ASSERT_TRUE(Report(worker, id, 1, 0.5).ok());
  Pass(absl::Minutes(1));
  EXPECT_EQ(Sync(worker, 0, {id})->stop.size(), 1);
  ASSERT_TRUE(Finish(worker, id, std::nullopt).ok());
  Settle();
  const TuningJobView view = tuning_jobs_.Get("job").value();
  EXPECT_EQ(view.job.state, JobState::kCompleted);
  EXPECT_EQ(view.job.end_reason, EndReason::kMaxRuntime);
  EXPECT_EQ(view.counts, (TrialCounts{.canceled = 2}));
  EXPECT_EQ(view.best_trial, 1) << "what a trial reported counts, however it ended";
}

TEST_F(ReconcilerTest, ATrialThatRunsTooLongTimesOut) {
  TuningJobSpec spec = SimpleSpec(5, 1);
  spec.trial->max_runtime = absl::Seconds(30);
  CreateJob(spec);
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  const AttemptId id = Sync(worker, 1)->start.at(0).id;
  Pass(absl::Seconds(31));
  EXPECT_THAT(Sync(worker, 0, {id})->stop.at(0).reason, HasSubstr("trial.max_runtime, 30s"));
  ASSERT_TRUE(Finish(worker, id, std::nullopt).ok());
  EXPECT_EQ(GetTrial(1).failure->kind, FailureKind::kTimeout);
}

TEST_F(ReconcilerTest, FailuresInARowEndTheJobWithTheLastOneShown) {
  CreateJob(SimpleSpec(20, 1));
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  for (int i = 0; i < 5; ++i) {
    const AttemptId id = Sync(worker, 1)->start.at(0).id;
    ASSERT_TRUE(
        Finish(worker, id, Failure{.kind = FailureKind::kExitCode, .detail = "no such file", .exit_code = 2}).ok());
    clock_.Advance(absl::Seconds(1));
    Settle();
  }
  const TuningJob job = tuning_jobs_.Get("job")->job;
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_EQ(job.end_reason, EndReason::kTooManyFailures);
  EXPECT_THAT(job.end_detail, HasSubstr("no such file"));
}

TEST_F(ReconcilerTest, AFiniteSpaceThatIsUsedUpEndsTheJob) {
  TuningJobSpec spec = SimpleSpec(100, 2);
  spec.search_space =
      SearchSpace::Create({{.name = "optimizer", .domain = CategoricalDomain{{"adam", "sgd", "rmsprop"}}}}).value();
  spec.trial->command = {"train"};
  CreateJob(spec);
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  std::set<std::string> tried;
  for (int i = 0; i < 3; ++i) {
    const TrialAssignment assignment = Sync(worker, 1)->start.at(0);
    tried.insert(std::get<std::string>(assignment.parameters.at("optimizer")));
    ASSERT_TRUE(Report(worker, assignment.id, 1, 0.5).ok());
    ASSERT_TRUE(Finish(worker, assignment.id, std::nullopt).ok());
    Settle();
  }
  EXPECT_EQ(tried.size(), 3);
  EXPECT_EQ(tuning_jobs_.Get("job")->job.end_reason, EndReason::kSpaceExhausted);
}

TEST_F(ReconcilerTest, PlanningAgainChangesNothing) {
  CreateJob(SimpleSpec(5, 2));
  const int64_t revision = tuning_jobs_.ChangesSince("job", 0)->revision;
  Settle();
  EXPECT_EQ(tuning_jobs_.ChangesSince("job", 0)->revision, revision);
}

}  // namespace
}  // namespace pegbox
