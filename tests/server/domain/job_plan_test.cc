#include "server/domain/job_plan.h"

#include <gtest/gtest.h>

#include <limits>

namespace pegbox {

void PrintTo(const JobPlan& plan, std::ostream* out) {
  *out << plan.suggestions << " suggestions, end " << (plan.end_reason ? ToString(*plan.end_reason) : "-") << " \""
       << plan.end_detail << "\", stop_trials " << plan.stop_trials << ", come_to_rest " << plan.come_to_rest;
}

namespace {

const absl::Time kCreated = absl::FromUnixSeconds(1'000);
const absl::Time kNow = kCreated + absl::Minutes(10);

// 10 trials, 3 at once, no other limits but 5 failures in a row.
TuningJob Job(JobState state = JobState::kRunning) {
  TuningJob job{.id = "mnist", .state = state, .create_time = kCreated};
  job.spec.objective = {.metric = "loss", .goal = Goal::kMinimize};
  job.spec.max_jobs = 10;
  job.spec.max_parallel_jobs = 3;
  job.spec.max_consecutive_failures = 5;
  return job;
}

JobPlan Plan(const TuningJob& job, const TrialCounts& counts) { return PlanJob({.job = job, .counts = counts}, kNow); }

int64_t Suggestions(const TrialCounts& counts) { return Plan(Job(), counts).suggestions; }

TEST(JobPlanTest, NewJobFillsItsParallelism) { EXPECT_EQ(Plan(Job(), {}), JobPlan{.suggestions = 3}); }

TEST(JobPlanTest, QueuedRunningAndStoppingTrialsTakeUpParallelism) {
  EXPECT_EQ(Suggestions({.queued = 1}), 2);
  EXPECT_EQ(Suggestions({.running = 1}), 2);
  EXPECT_EQ(Suggestions({.stopping = 1}), 2);
  EXPECT_EQ(Suggestions({.queued = 1, .running = 1, .stopping = 1}), 0);
  EXPECT_EQ(Suggestions({.running = 5}), 0);  // parallelism was lowered
}

TEST(JobPlanTest, EndedTrialsCountTowardsMaxJobsHoweverTheyEnded) {
  EXPECT_EQ(Suggestions({.completed = 9}), 1);
  EXPECT_EQ(Suggestions({.early_stopped = 9}), 1);
  EXPECT_EQ(Suggestions({.failed = 9}), 1);
  EXPECT_EQ(Suggestions({.canceled = 9}), 1);
  EXPECT_EQ(Suggestions({.running = 2, .completed = 8}), 0);
  EXPECT_EQ(Suggestions({.running = 1, .completed = 20}), 0);
}

TEST(JobPlanTest, JobWaitsForItsLastTrials) {
  EXPECT_EQ(Plan(Job(), {.queued = 1, .completed = 9}), JobPlan{});
  EXPECT_EQ(Plan(Job(), {.running = 1, .completed = 9}), JobPlan{});
  EXPECT_EQ(Plan(Job(), {.stopping = 1, .completed = 9}), JobPlan{});
}

TEST(JobPlanTest, JobEndsWhenAllTrialsHaveEnded) {
  EXPECT_EQ(
      Plan(Job(), {.completed = 6, .early_stopped = 2, .failed = 1, .canceled = 1}),
      (JobPlan{.end_reason = EndReason::kMaxJobs, .end_detail = "all 10 trials have ended", .come_to_rest = true}));
}

TEST(JobPlanTest, ExhaustedSpaceSuggestsNothingAndEndsWithItsLastTrial) {
  const TuningJob job = Job();
  EXPECT_EQ(PlanJob({.job = job, .counts = {.running = 1, .completed = 3}, .is_space_exhausted = true}, kNow),
            JobPlan{});
  EXPECT_EQ(PlanJob({.job = job, .counts = {.completed = 4}, .is_space_exhausted = true}, kNow),
            (JobPlan{.end_reason = EndReason::kSpaceExhausted,
                     .end_detail = "every point of the search space was tried, in 4 trials",
                     .come_to_rest = true}));
}

TEST(JobPlanTest, JobThatWasLongEnoughStopsItsTrials) {
  TuningJob job = Job();
  job.spec.max_runtime = absl::Minutes(10);
  EXPECT_EQ(PlanJob({.job = job, .counts = {.running = 2}}, kNow - absl::Nanoseconds(1)), JobPlan{.suggestions = 1});
  EXPECT_EQ(PlanJob({.job = job, .counts = {.running = 2}}, kNow),
            (JobPlan{.end_reason = EndReason::kMaxRuntime,
                     .end_detail = "10m passed since the job was created",
                     .stop_trials = true}));
}

TEST(JobPlanTest, TargetReachedStopsTheTrials) {
  TuningJob job = Job();
  job.spec.objective.target = 0.25;
  EXPECT_EQ(PlanJob({.job = job, .counts = {.running = 3}, .best_value = 0.26}, kNow), JobPlan{});
  EXPECT_EQ(PlanJob({.job = job, .counts = {.running = 3}, .best_value = 0.25}, kNow),
            (JobPlan{.end_reason = EndReason::kTargetReached,
                     .end_detail = "loss 0.25 reached the target 0.25",
                     .stop_trials = true}));
}

TEST(JobPlanTest, ValueWithoutATargetEndsNothing) {
  const TuningJob job = Job();
  EXPECT_EQ(PlanJob({.job = job, .counts = {.running = 3}, .best_value = -1e300}, kNow), JobPlan{});
}

TEST(JobPlanTest, TooManyFailuresInARowEndTheJob) {
  const TuningJob job = Job();
  const JobSnapshot enough{.job = job,
                           .counts = {.running = 1, .failed = 5},
                           .consecutive_failures = 5,
                           .last_failure = "exit code 1: no module named torch"};
  EXPECT_EQ(PlanJob(enough, kNow),
            (JobPlan{.end_reason = EndReason::kTooManyFailures,
                     .end_detail = "5 trials failed in a row; the last: exit code 1: no module named torch",
                     .stop_trials = true}));
  JobSnapshot fewer = enough;
  fewer.consecutive_failures = 4;
  EXPECT_EQ(PlanJob(fewer, kNow), JobPlan{.suggestions = 2});
}

TEST(JobPlanTest, FailuresNeverEndAJobThatAllowsThem) {
  TuningJob job = Job();
  job.spec.max_consecutive_failures = 0;
  EXPECT_EQ(PlanJob({.job = job, .counts = {.failed = 8}, .consecutive_failures = 8}, kNow), JobPlan{.suggestions = 2});
}

TEST(JobPlanTest, FailuresAreTheReasonWhenTheLastTrialFailsToo) {
  const TuningJob job = Job();
  EXPECT_EQ(PlanJob({.job = job, .counts = {.failed = 10}, .consecutive_failures = 10}, kNow).end_reason,
            EndReason::kTooManyFailures);
}

TEST(JobPlanTest, TargetIsTheReasonWhenSeveralEndsAreDue) {
  TuningJob job = Job();
  job.spec.objective.target = 0.25;
  job.spec.max_runtime = absl::Minutes(10);
  EXPECT_EQ(
      PlanJob({.job = job, .counts = {.completed = 10}, .best_value = 0.2, .consecutive_failures = 5}, kNow).end_reason,
      EndReason::kTargetReached);
}

TEST(JobPlanTest, QueuedTrialsAreStoppedWithTheJob) {
  TuningJob job = Job();
  job.spec.max_runtime = absl::Minutes(10);
  const JobPlan plan = PlanJob({.job = job, .counts = {.queued = 1}}, kNow);
  EXPECT_TRUE(plan.stop_trials);
  EXPECT_FALSE(plan.come_to_rest);
}

TEST(JobPlanTest, TrialsThatAreStoppingAreNotStoppedAgain) {
  TuningJob job = Job();
  job.spec.max_runtime = absl::Minutes(10);
  const JobPlan plan = PlanJob({.job = job, .counts = {.stopping = 1}}, kNow);
  EXPECT_FALSE(plan.stop_trials);
  EXPECT_FALSE(plan.come_to_rest);
}

TEST(JobPlanTest, PausedJobSuggestsNothingAndGoesOnWaiting) {
  EXPECT_EQ(Plan(Job(JobState::kPaused), {}), JobPlan{});
  EXPECT_EQ(Plan(Job(JobState::kPaused), {.completed = 10}), JobPlan{});
  const TuningJob job = Job(JobState::kPaused);
  EXPECT_EQ(PlanJob({.job = job, .counts = {.failed = 5}, .consecutive_failures = 5}, kNow), JobPlan{});
}

TEST(JobPlanTest, PausedJobStillEndsByTimeAndTarget) {
  TuningJob job = Job(JobState::kPaused);
  job.spec.max_runtime = absl::Minutes(10);
  EXPECT_EQ(PlanJob({.job = job, .counts = {.running = 1}}, kNow).end_reason, EndReason::kMaxRuntime);
  job.spec.objective.target = 0.25;
  EXPECT_EQ(PlanJob({.job = job, .counts = {.running = 1}, .best_value = 0.2}, kNow).end_reason,
            EndReason::kTargetReached);
}

TEST(JobPlanTest, StoppingJobStopsItsTrialsAndComesToRestWithTheLast) {
  const TuningJob job = Job(JobState::kStopping);
  EXPECT_EQ(Plan(job, {.queued = 1, .stopping = 1}), JobPlan{.stop_trials = true});
  EXPECT_EQ(Plan(job, {.running = 1}), JobPlan{.stop_trials = true});
  EXPECT_EQ(Plan(job, {.stopping = 1, .canceled = 2}), JobPlan{});
  EXPECT_EQ(Plan(job, {.completed = 1, .canceled = 3}), JobPlan{.come_to_rest = true});
}

TEST(JobPlanTest, EndedJobAsksForNothing) {
  for (const JobState state : {JobState::kStopped, JobState::kCompleted, JobState::kFailed}) {
    TuningJob job = Job(state);
    job.spec.max_runtime = absl::Seconds(1);
    EXPECT_EQ(Plan(job, {.completed = 2}), JobPlan{}) << ToString(state);
  }
}

// Applies plans as the engine does, with trials that end only when they are stopped.
TEST(JobPlanTest, PlansAreIdempotent) {
  TuningJob job = Job();
  TrialCounts counts;
  counts.queued += Plan(job, counts).suggestions;
  EXPECT_EQ(Plan(job, counts), JobPlan{});

  job.spec.max_runtime = absl::Minutes(10);
  counts = {.queued = 1, .running = 2};
  const JobPlan end = Plan(job, counts);
  ASSERT_TRUE(RequestEnd(job, *end.end_reason, end.end_detail).ok());
  counts = {.stopping = 2, .canceled = 1};
  EXPECT_EQ(Plan(job, counts), JobPlan{});

  counts = {.canceled = 3};
  ASSERT_TRUE(Plan(job, counts).come_to_rest);
  ASSERT_TRUE(ComeToRest(job, kNow).ok());
  EXPECT_EQ(Plan(job, counts), JobPlan{});
}

}  // namespace
}  // namespace pegbox
