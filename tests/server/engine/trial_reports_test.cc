#include "server/engine/trial_reports.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "tests/server/engine/engine_fixture.h"

namespace pegbox {
namespace {

using testing::HasSubstr;

class TrialReportsTest : public EngineFixture {
 protected:
  // A job with one worker that holds its first trial.
  void Begin(TuningJobSpec spec) {
    CreateJob(std::move(spec));
    worker_ = RegisterWorker("w", "incarnation-1");
    id_ = Sync(worker_, 1)->start.at(0).id;
  }

  // Runs one whole trial with these values of the objective, step 1 first.
  void RunTrial(const std::vector<double>& values) {
    const AttemptId id = Sync(worker_, 1)->start.at(0).id;
    for (size_t i = 0; i < values.size(); ++i) ASSERT_TRUE(Report(worker_, id, i + 1, values[i]).ok());
    ASSERT_TRUE(Finish(worker_, id, std::nullopt).ok());
    clock_.Advance(absl::Seconds(1));
    Settle();
  }

  WorkerIdentity worker_;
  AttemptId id_;
};

TEST_F(TrialReportsTest, TheBestStepIsTheValue) {
  Begin(SimpleSpec(5, 1));
  for (const auto& [step, value] : {std::pair(1, 0.9), {2, 0.4}, {3, 0.6}}) {
    EXPECT_EQ(Report(worker_, id_, step, value)->new_measurements, 1);
  }
  const Trial trial = GetTrial(1);
  EXPECT_EQ(trial.value, 0.4);
  EXPECT_EQ(trial.best_step, 2);
  EXPECT_EQ(trial.last_step, 3);
  EXPECT_EQ(best_trials_.Get("job")->best.id.number, 1);
}

TEST_F(TrialReportsTest, WithScopeLastTheLastStepIsTheValueInAnyOrderOfArrival) {
  TuningJobSpec spec = SimpleSpec(5, 1);
  spec.objective.scope = ObjectiveScope::kLast;
  Begin(spec);
  for (const auto& [step, value] : {std::pair(1, 0.1), {3, 0.6}, {2, 0.4}}) {
    ASSERT_TRUE(Report(worker_, id_, step, value).ok());
  }
  EXPECT_EQ(GetTrial(1).value, 0.6);
  EXPECT_EQ(GetTrial(1).best_step, 3);
}

TEST_F(TrialReportsTest, ARepeatedReportIsStoredOnceAndTheFirstValueWins) {
  Begin(SimpleSpec(5, 1));
  ASSERT_TRUE(Report(worker_, id_, 1, 0.9).ok());
  EXPECT_EQ(Report(worker_, id_, 1, 0.1)->new_measurements, 0);
  EXPECT_EQ(GetTrial(1).value, 0.9);
  EXPECT_EQ(tuning_jobs_.ListMeasurements(id_.trial, {})->size(), 1);
}

TEST_F(TrialReportsTest, NanAndInfinityAreKeptButNeverTheBest) {
  Begin(SimpleSpec(5, 1));
  ASSERT_TRUE(Report(worker_, id_, 1, std::nan("")).ok());
  ASSERT_TRUE(Report(worker_, id_, 2, -std::numeric_limits<double>::infinity()).ok());
  EXPECT_EQ(GetTrial(1).value, std::nullopt);
  EXPECT_EQ(GetTrial(1).last_step, 2);
  ASSERT_TRUE(Finish(worker_, id_, std::nullopt).ok());
  EXPECT_EQ(GetTrial(1).failure->kind, FailureKind::kDiverged);
}

TEST_F(TrialReportsTest, ATrialWithoutTheObjectiveHasFailed) {
  Begin(SimpleSpec(5, 1));
  ASSERT_TRUE(Finish(worker_, id_, std::nullopt).ok());
  EXPECT_EQ(GetTrial(1).state, TrialState::kFailed);
  EXPECT_EQ(GetTrial(1).failure->kind, FailureKind::kNoMetric);
}

TEST_F(TrialReportsTest, FinishIsSafeToRepeat) {
  Begin(SimpleSpec(5, 1));
  ASSERT_TRUE(Report(worker_, id_, 1, 0.9).ok());
  ASSERT_TRUE(Finish(worker_, id_, std::nullopt).ok());
  EXPECT_TRUE(Finish(worker_, id_, std::nullopt).ok());
  EXPECT_EQ(GetTrial(1).state, TrialState::kCompleted);
  EXPECT_TRUE(absl::IsAborted(Report(worker_, id_, 2, 0.8).status()));
}

TEST_F(TrialReportsTest, OnlyTheHolderMayReportAndFinish) {
  Begin(SimpleSpec(5, 1));
  const WorkerIdentity other = RegisterWorker("other", "incarnation-9");
  EXPECT_TRUE(absl::IsAborted(Report(other, id_, 1, 0.5).status()));
  EXPECT_TRUE(absl::IsAborted(Finish(other, id_, std::nullopt)));
  AttemptId later = id_;
  later.attempt = 2;
  EXPECT_TRUE(absl::IsAborted(Report(worker_, later, 1, 0.5).status()));
  EXPECT_EQ(GetTrial(1).value, std::nullopt);
}

TEST_F(TrialReportsTest, ACheckpointIsRemembered) {
  Begin(SimpleSpec(5, 1));
  ASSERT_TRUE(
      trial_reports_.Report({.worker = worker_, .id = id_, .checkpoint_step = 4, .checkpoint_path = "/c"}).ok());
  EXPECT_EQ(GetTrial(1).checkpoint_step, 4);
  EXPECT_EQ(GetTrial(1).checkpoint_path, "/c");
}

TEST_F(TrialReportsTest, LogBytesAreKeptOnceInOrder) {
  Begin(SimpleSpec(5, 1));
  const auto send = [&](int64_t offset, const std::string& text) {
    return trial_reports_.Report({.worker = worker_, .id = id_, .log_offset = offset, .log_data = text})->log_size;
  };
  EXPECT_EQ(send(0, "hello "), 6);
  EXPECT_EQ(send(0, "hello w"), 7);
  EXPECT_EQ(send(7, "orld"), 11);
  EXPECT_EQ(send(20, "after a gap"), 11) << "the sender goes on from the size";
  EXPECT_EQ(tuning_jobs_.ReadLog(id_.trial, 1, 0, 100).value(), "hello world");
}

TEST_F(TrialReportsTest, PatienceEndsATrialAsCompletedWithItsBest) {
  TuningJobSpec spec = SimpleSpec(5, 1);
  spec.early_stopping = {PatienceRule{.patience = 2}};
  Begin(spec);
  EXPECT_FALSE(Report(worker_, id_, 1, 0.5)->stop.has_value());
  EXPECT_FALSE(Report(worker_, id_, 2, 0.6)->stop.has_value());
  const ReportResult result = Report(worker_, id_, 3, 0.7).value();
  ASSERT_TRUE(result.stop.has_value());
  EXPECT_EQ(result.stop->rule, "patience");
  EXPECT_EQ(GetTrial(1).state, TrialState::kStopping);
  EXPECT_TRUE(Report(worker_, id_, 4, 0.8)->stop.has_value()) << "a lost reply is made good by the next";
  ASSERT_TRUE(Finish(worker_, id_, Failure{.kind = FailureKind::kSignal, .detail = "SIGTERM", .signal = 15}).ok());
  EXPECT_EQ(GetTrial(1).state, TrialState::kCompleted);
  EXPECT_EQ(GetTrial(1).value, 0.5);
}

TEST_F(TrialReportsTest, TheMedianRuleStopsTheTrialThatFellBehind) {
  TuningJobSpec spec = SimpleSpec(10, 1);
  spec.early_stopping = {MedianRule{.min_completed_trials = 3}};
  CreateJob(spec);
  worker_ = RegisterWorker("w", "incarnation-1");
  RunTrial({1.0, 0.8, 0.6});  // running averages 1.0, 0.9, 0.8
  RunTrial({1.2, 1.0, 0.8});  // 1.2, 1.1, 1.0
  RunTrial({0.8, 0.4, 0.3});  // 0.8, 0.6, 0.5
  const AttemptId id = Sync(worker_, 1)->start.at(0).id;
  EXPECT_FALSE(Report(worker_, id, 1, 1.0)->stop.has_value()) << "1.0 is not worse than the median, 1.0";
  const ReportResult result = Report(worker_, id, 2, 0.95).value();
  ASSERT_TRUE(result.stop.has_value()) << "0.95 is worse than the median, 0.9";
  EXPECT_EQ(result.stop->rule, "median");
  EXPECT_EQ(result.stop->step, 2);
  EXPECT_EQ(result.stop->value, 0.95);
  EXPECT_DOUBLE_EQ(result.stop->threshold, 0.9);
  EXPECT_EQ(result.stop->compared_trials, 3);
  ASSERT_TRUE(Finish(worker_, id, std::nullopt).ok());
  EXPECT_EQ(GetTrial(4).state, TrialState::kEarlyStopped);
  EXPECT_EQ(GetTrial(4).stop, result.stop) << "the reason and its numbers are stored";
}

TEST_F(TrialReportsTest, RulesRememberAcrossARestart) {
  TuningJobSpec spec = SimpleSpec(10, 1);
  spec.early_stopping = {PatienceRule{.patience = 2}};
  Begin(spec);
  ASSERT_TRUE(Report(worker_, id_, 1, 0.5).ok());
  ASSERT_TRUE(Report(worker_, id_, 2, 0.6).ok());
  live_jobs_.Forget("job");  // as if the process were new
  EXPECT_TRUE(Report(worker_, id_, 3, 0.7)->stop.has_value());
}

TEST_F(TrialReportsTest, TheTargetEndsTheJobAndItsTrials) {
  TuningJobSpec spec = SimpleSpec(10, 2);
  spec.objective.target = 0.2;
  CreateJob(spec);
  worker_ = RegisterWorker("w", "incarnation-1");
  const SyncResult grants = Sync(worker_, 2).value();
  ASSERT_TRUE(Report(worker_, grants.start[0].id, 1, 0.19).ok());
  Settle();
  EXPECT_EQ(tuning_jobs_.Get("job")->job.state, JobState::kStopping);
  EXPECT_EQ(Sync(worker_, 0, {grants.start[0].id, grants.start[1].id})->stop.size(), 2);
  for (const TrialAssignment& assignment : grants.start) {
    ASSERT_TRUE(Finish(worker_, assignment.id, std::nullopt).ok());
  }
  Settle();
  const TuningJob job = tuning_jobs_.Get("job")->job;
  EXPECT_EQ(job.state, JobState::kCompleted);
  EXPECT_EQ(job.end_reason, EndReason::kTargetReached);
  EXPECT_THAT(job.end_detail, HasSubstr("0.19"));
}

TEST_F(TrialReportsTest, UnknownTrialsAreNotFound) {
  CreateJob(SimpleSpec(5, 1));
  worker_ = RegisterWorker("w", "incarnation-1");
  const AttemptId id = {.trial = {.job_id = "job", .number = 99}, .attempt = 1};
  EXPECT_TRUE(absl::IsNotFound(Report(worker_, id, 1, 0.5).status()));
  EXPECT_TRUE(absl::IsNotFound(Finish(worker_, id, std::nullopt)));
}

}  // namespace
}  // namespace pegbox
