#include "server/domain/tuning_job.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <utility>

namespace pegbox {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(2'000);

constexpr EndReason kAllReasons[] = {EndReason::kMaxJobs, EndReason::kMaxRuntime,     EndReason::kTargetReached,
                                     EndReason::kUser,    EndReason::kSpaceExhausted, EndReason::kTooManyFailures};

// A job that has come to `state` in a plausible way.
TuningJob InState(JobState state) {
  TuningJob job{.id = "mnist", .state = state, .create_time = absl::FromUnixSeconds(1'000)};
  if (state == JobState::kStopping || state == JobState::kCompleted) job.end_reason = EndReason::kMaxJobs;
  if (state == JobState::kStopped) job.end_reason = EndReason::kUser;
  if (state == JobState::kFailed) job.end_reason = EndReason::kTooManyFailures;
  if (IsTerminal(state)) job.end_time = kNow;
  return job;
}

TEST(JobStateTest, EveryPairOfStates) {
  using enum JobState;
  const std::set<std::pair<JobState, JobState>> allowed = {
      {kRunning, kPaused},   {kRunning, kStopping},   {kPaused, kRunning}, {kPaused, kStopping},
      {kStopping, kStopped}, {kStopping, kCompleted}, {kStopping, kFailed}};
  for (const JobState from : kAllJobStates) {
    for (const JobState to : kAllJobStates) {
      EXPECT_EQ(CanTransition(from, to), allowed.contains({from, to})) << ToString(from) << " -> " << ToString(to);
    }
  }
}

TEST(JobStateTest, TerminalStates) {
  using enum JobState;
  const std::set<JobState> terminal = {kStopped, kCompleted, kFailed};
  for (const JobState state : kAllJobStates) EXPECT_EQ(IsTerminal(state), terminal.contains(state)) << ToString(state);
}

TEST(JobStateTest, NamesAreThoseOfTheContract) {
  const std::map<JobState, absl::string_view> names = {
      {JobState::kRunning, "RUNNING"}, {JobState::kPaused, "PAUSED"},       {JobState::kStopping, "STOPPING"},
      {JobState::kStopped, "STOPPED"}, {JobState::kCompleted, "COMPLETED"}, {JobState::kFailed, "FAILED"}};
  for (const JobState state : kAllJobStates) EXPECT_EQ(ToString(state), names.at(state));
}

TEST(EndReasonTest, NamesAndFinalStates) {
  const std::map<EndReason, std::pair<absl::string_view, JobState>> expected = {
      {EndReason::kMaxJobs, {"MAX_JOBS", JobState::kCompleted}},
      {EndReason::kMaxRuntime, {"MAX_RUNTIME", JobState::kCompleted}},
      {EndReason::kTargetReached, {"TARGET_REACHED", JobState::kCompleted}},
      {EndReason::kUser, {"USER", JobState::kStopped}},
      {EndReason::kSpaceExhausted, {"SPACE_EXHAUSTED", JobState::kCompleted}},
      {EndReason::kTooManyFailures, {"TOO_MANY_FAILURES", JobState::kFailed}}};
  for (const EndReason reason : kAllReasons) {
    EXPECT_EQ(ToString(reason), expected.at(reason).first);
    EXPECT_EQ(FinalState(reason), expected.at(reason).second) << ToString(reason);
  }
}

// As ExpectAllowedIn of trials: success, by a permitted step, in the states of `allowed`; elsewhere no change.
template <typename Action>
void ExpectAllowedIn(const std::set<JobState>& allowed, Action action) {
  for (const JobState state : kAllJobStates) {
    SCOPED_TRACE(std::string(ToString(state)));
    const TuningJob before = InState(state);
    TuningJob job = before;
    const absl::Status status = action(job);
    if (allowed.contains(state)) {
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_TRUE(job.state == state || CanTransition(state, job.state)) << ToString(job.state);
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_EQ(job, before);
    }
  }
}

TEST(TuningJobTest, OnlyAJobThatIsNotEndingPausesAndResumes) {
  ExpectAllowedIn({JobState::kRunning, JobState::kPaused}, [](TuningJob& job) { return Pause(job); });
  ExpectAllowedIn({JobState::kRunning, JobState::kPaused}, [](TuningJob& job) { return Resume(job); });
}

TEST(TuningJobTest, OnlyAStoppingJobComesToRest) {
  ExpectAllowedIn({JobState::kStopping}, [](TuningJob& job) { return ComeToRest(job, kNow); });
}

TEST(TuningJobTest, JobEndsOnceOrAgainForTheSameReason) {
  ExpectAllowedIn({JobState::kRunning, JobState::kPaused, JobState::kStopped},
                  [](TuningJob& job) { return RequestEnd(job, EndReason::kUser, ""); });
  ExpectAllowedIn({JobState::kRunning, JobState::kPaused, JobState::kStopping, JobState::kCompleted},
                  [](TuningJob& job) { return RequestEnd(job, EndReason::kMaxJobs, ""); });
}

TEST(TuningJobTest, PauseAndResumeMayBeRepeated) {
  TuningJob job = InState(JobState::kRunning);
  ASSERT_TRUE(Pause(job).ok());
  ASSERT_TRUE(Pause(job).ok());
  EXPECT_EQ(job.state, JobState::kPaused);
  ASSERT_TRUE(Resume(job).ok());
  ASSERT_TRUE(Resume(job).ok());
  EXPECT_EQ(job.state, JobState::kRunning);
}

TEST(TuningJobTest, EndKeepsItsFirstDetail) {
  TuningJob job = InState(JobState::kPaused);
  ASSERT_TRUE(RequestEnd(job, EndReason::kUser, "stopped by a user").ok());
  ASSERT_TRUE(RequestEnd(job, EndReason::kUser, "again").ok());
  EXPECT_EQ(job.state, JobState::kStopping);
  EXPECT_EQ(job.end_reason, EndReason::kUser);
  EXPECT_EQ(job.end_detail, "stopped by a user");
  EXPECT_EQ(job.end_time, std::nullopt);
}

TEST(TuningJobTest, EndForAnotherReasonIsRejectedWithBothStates) {
  TuningJob job = InState(JobState::kStopping);
  EXPECT_EQ(RequestEnd(job, EndReason::kUser, "").message(),
            "tuningJobs/mnist: must be RUNNING or PAUSED; it is STOPPING, for MAX_JOBS");
}

TEST(TuningJobTest, RestIsTheFinalStateOfTheReason) {
  for (const EndReason reason : kAllReasons) {
    TuningJob job = InState(JobState::kRunning);
    ASSERT_TRUE(RequestEnd(job, reason, "").ok());
    ASSERT_TRUE(ComeToRest(job, kNow).ok());
    EXPECT_EQ(job.state, FinalState(reason));
    EXPECT_EQ(job.end_time, kNow);
  }
}

TEST(TrialCountsTest, EachStateHasItsOwnCount) {
  TrialCounts counts;
  int64_t next = 1;
  for (const TrialState state : kAllTrialStates) counts[state] = next++;
  EXPECT_EQ(
      counts,
      (TrialCounts{
          .queued = 1, .running = 2, .stopping = 3, .completed = 4, .early_stopped = 5, .failed = 6, .canceled = 7}));
  EXPECT_EQ(counts.live(), 5);
  EXPECT_EQ(counts.total(), 28);
}

}  // namespace
}  // namespace pegbox
