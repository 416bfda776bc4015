#include "server/engine/tuning_jobs.h"

#include "gmock/gmock.h"
#include "tests/server/engine/engine_fixture.h"

namespace pegbox {
namespace {

using testing::HasSubstr;

class TuningJobsTest : public EngineFixture {};

TEST_F(TuningJobsTest, ANewJobQueuesAsManyTrialsAsMayRun) {
  CreateJob(SimpleSpec(10, 3));
  const TuningJobView view = tuning_jobs_.Get("job").value();
  EXPECT_EQ(view.job.state, JobState::kRunning);
  EXPECT_EQ(view.counts, (TrialCounts{.queued = 3}));
  EXPECT_EQ(GetTrial(3).provenance.source, "random");
}

TEST_F(TuningJobsTest, TheIdIsMadeFromTheDisplayName) {
  TuningJobSpec spec = SimpleSpec(1, 1);
  spec.display_name = "Fashion MLP, wide!";
  EXPECT_EQ(tuning_jobs_.Create({.spec = spec})->job.id, "fashion-mlp-wide-1");
  EXPECT_EQ(tuning_jobs_.Create({.spec = spec})->job.id, "fashion-mlp-wide-2");
}

TEST_F(TuningJobsTest, ASeedIsChosenWhenAbsentAndZeroIsKept) {
  TuningJobSpec spec = SimpleSpec(1, 1);
  spec.strategy.seed = 0;
  EXPECT_EQ(tuning_jobs_.Create({.job_id = "zero", .spec = spec})->job.spec.strategy.seed, 0);
  spec.strategy.seed.reset();
  EXPECT_TRUE(tuning_jobs_.Create({.job_id = "chosen", .spec = spec})->job.spec.strategy.seed.has_value());
}

TEST_F(TuningJobsTest, ARepeatedRequestAnswersWithTheFirstJob) {
  TuningJobSpec spec = SimpleSpec(5, 1);
  spec.strategy.seed.reset();
  const auto first = tuning_jobs_.Create({.request_id = "r1", .spec = spec});
  const auto second = tuning_jobs_.Create({.request_id = "r1", .spec = spec});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->job.id, first->job.id);
  EXPECT_EQ(second->job.spec, first->job.spec);
  EXPECT_EQ(tuning_jobs_.List({})->size(), 1);
}

TEST_F(TuningJobsTest, ARequestIdWithAnotherBodyIsRejected) {
  ASSERT_TRUE(tuning_jobs_.Create({.request_id = "r1", .spec = SimpleSpec(5, 1)}).ok());
  const absl::Status status = tuning_jobs_.Create({.request_id = "r1", .spec = SimpleSpec(6, 1)}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(status.message()), HasSubstr("request_id: \"r1\" was used for another job"));
}

TEST_F(TuningJobsTest, ATakenIdIsRejected) {
  CreateJob(SimpleSpec(5, 1));
  EXPECT_TRUE(absl::IsAlreadyExists(tuning_jobs_.Create({.job_id = "job", .spec = SimpleSpec(5, 1)}).status()));
}

TEST_F(TuningJobsTest, ABadIdOrSpecificationChangesNothing) {
  EXPECT_TRUE(absl::IsInvalidArgument(tuning_jobs_.Create({.job_id = "No", .spec = SimpleSpec(5, 1)}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(tuning_jobs_.Create({.job_id = "job", .spec = SimpleSpec(0, 1)}).status()));
  EXPECT_TRUE(tuning_jobs_.List({})->empty());
}

TEST_F(TuningJobsTest, StoppingAJobWithoutLiveTrialsEndsItAtOnce) {
  CreateJob(SimpleSpec(5, 2));
  ASSERT_TRUE(tuning_jobs_.Stop("job").ok());
  Settle();
  const TuningJobView view = tuning_jobs_.Get("job").value();
  EXPECT_EQ(view.job.state, JobState::kStopped);
  EXPECT_EQ(view.job.end_reason, EndReason::kUser);
  EXPECT_EQ(view.counts, (TrialCounts{.canceled = 2}));
}

TEST_F(TuningJobsTest, APausedJobGetsAndGrantsNothing) {
  CreateJob(SimpleSpec(5, 2));
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  ASSERT_TRUE(tuning_jobs_.Pause("job").ok());
  EXPECT_TRUE(Sync(worker, 2)->empty());
  ASSERT_TRUE(tuning_jobs_.Resume("job").ok());
  EXPECT_EQ(Sync(worker, 2)->start.size(), 2);
}

TEST_F(TuningJobsTest, UpdateRaisesParallelism) {
  CreateJob(SimpleSpec(5, 1));
  ASSERT_TRUE(tuning_jobs_.Update("job", {.max_parallel_jobs = 4}).ok());
  Settle();
  EXPECT_EQ(tuning_jobs_.Get("job")->counts.queued, 4);
}

TEST_F(TuningJobsTest, UpdateRejectsMaxJobsBelowTheTrialsThatExist) {
  CreateJob(SimpleSpec(5, 3));
  const absl::Status status = tuning_jobs_.Update("job", {.max_jobs = 2}).status();
  EXPECT_EQ(status.message(),
            "max_jobs: must be at least 3, the trials that exist; got 2; to end the job now, stop it");
  EXPECT_EQ(tuning_jobs_.Get("job")->job.spec.max_jobs, 5);
}

TEST_F(TuningJobsTest, UpdateOfAnEndedJobIsRejected) {
  CreateJob(SimpleSpec(5, 1));
  ASSERT_TRUE(tuning_jobs_.Stop("job").ok());
  Settle();
  EXPECT_TRUE(absl::IsFailedPrecondition(tuning_jobs_.Update("job", {.max_jobs = 9}).status()));
}

TEST_F(TuningJobsTest, ChangesSinceSendsEachChangeOnce) {
  CreateJob(SimpleSpec(5, 1));
  const JobChanges all = tuning_jobs_.ChangesSince("job", 0).value();
  EXPECT_TRUE(all.job.has_value());
  EXPECT_EQ(all.trials.size(), 1);
  const JobChanges none = tuning_jobs_.ChangesSince("job", all.revision).value();
  EXPECT_FALSE(none.job.has_value());
  EXPECT_TRUE(none.trials.empty());

  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  const AttemptId id = Sync(worker, 1)->start.at(0).id;
  ASSERT_TRUE(Report(worker, id, 1, 0.5).ok());
  const JobChanges later = tuning_jobs_.ChangesSince("job", all.revision).value();
  EXPECT_EQ(later.trials.at(0).state, TrialState::kRunning);
  ASSERT_EQ(later.measurements.size(), 1);
  EXPECT_EQ(later.measurements[0].measurement.value, 0.5);
}

TEST_F(TuningJobsTest, ChangesInPagesMissNoMeasurement) {
  CreateJob(SimpleSpec(5, 1));
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  const AttemptId id = Sync(worker, 1)->start.at(0).id;
  constexpr int64_t kReports = 12;
  constexpr int64_t kRows = 1000;
  for (int64_t report = 0; report < kReports; ++report) {
    TrialReport rows{.worker = worker, .id = id};
    for (int64_t row = 0; row < kRows; ++row) {
      rows.measurements.push_back({.metric = "train:loss", .step = report * kRows + row, .value = 1});
    }
    ASSERT_TRUE(trial_reports_.Report(rows).ok());
  }
  std::set<int64_t> steps;
  JobChanges changes;
  do {
    changes = tuning_jobs_.ChangesSince("job", changes.revision).value();
    for (const TrialMeasurement& row : changes.measurements) {
      EXPECT_TRUE(steps.insert(row.measurement.step).second);
    }
  } while (!changes.is_complete);
  EXPECT_EQ(steps.size(), kReports * kRows);
}

TEST_F(TuningJobsTest, BestTrialOfAJobWithoutValuesIsNotFound) {
  CreateJob(SimpleSpec(5, 1));
  EXPECT_TRUE(absl::IsNotFound(best_trials_.Get("job").status()));
  EXPECT_TRUE(absl::IsNotFound(best_trials_.Get("other").status()));
}

TEST_F(TuningJobsTest, StopTrialCancelsAQueuedTrial) {
  CreateJob(SimpleSpec(5, 1));
  EXPECT_EQ(tuning_jobs_.StopTrial({.job_id = "job", .number = 1})->state, TrialState::kCanceled);
  EXPECT_TRUE(tuning_jobs_.StopTrial({.job_id = "job", .number = 1}).ok());
  Settle();
  EXPECT_EQ(tuning_jobs_.Get("job")->counts, (TrialCounts{.queued = 1, .canceled = 1}));
}

TEST_F(TuningJobsTest, AWorkerIsSuspectAfterThirtySecondsAndOfflineAfterALease) {
  RegisterWorker("w", "incarnation-1");
  EXPECT_EQ(tuning_jobs_.ListWorkers()->at(0).state, WorkerState::kOnline);
  clock_.Advance(absl::Seconds(31));
  EXPECT_EQ(tuning_jobs_.ListWorkers()->at(0).state, WorkerState::kSuspect);
  clock_.Advance(kLease);
  EXPECT_EQ(tuning_jobs_.ListWorkers()->at(0).state, WorkerState::kOffline);
}

}  // namespace
}  // namespace pegbox
