#include <cmath>
#include <limits>
#include <random>

#include "common/status_macros.h"
#include "tests/contract/store_contract.h"
#include "tests/contract/store_samples.h"

namespace pegbox {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST_P(StoreContract, TrialComesBackAsItWasPut) {
  Put(SampleJob("job"));
  Trial trial = FullTrial("job", 1);
  Put(trial);
  Put(SampleTrial("job", 2));
  Settle();
  trial.revision = 2;
  EXPECT_EQ(Get([](Reader& reader) { return reader.GetTrial({"job", 1}); }), trial);
  Trial queued = SampleTrial("job", 2);
  queued.revision = 3;
  EXPECT_EQ(Get([](Reader& reader) { return reader.GetTrial({"job", 2}); }), queued);
}

TEST_P(StoreContract, PutTrialCanEmptyFields) {
  Put(SampleJob("job"));
  Put(FullTrial("job", 1));
  Trial trial = SampleTrial("job", 1);
  Put(trial);
  Settle();
  trial.revision = 3;
  EXPECT_EQ(Get([](Reader& reader) { return reader.GetTrial({"job", 1}); }), trial);
}

TEST_P(StoreContract, EveryTrialStateAndFailureKindComesBack) {
  Put(SampleJob("job"));
  for (TrialState state : kAllTrialStates) {
    Trial trial = SampleTrial("job", 1);
    trial.state = state;
    Put(trial);
    EXPECT_EQ(Get([](Reader& reader) { return reader.GetTrial({"job", 1}); }).state, state);
  }
  for (FailureKind kind :
       {FailureKind::kExitCode, FailureKind::kSignal, FailureKind::kOutOfMemory, FailureKind::kTimeout,
        FailureKind::kDiverged, FailureKind::kNoMetric, FailureKind::kLost, FailureKind::kSpawn}) {
    Trial trial = SampleTrial("job", 1);
    trial.failure = Failure{kind};
    Put(trial);
    EXPECT_EQ(Get([](Reader& reader) { return reader.GetTrial({"job", 1}); }).failure, trial.failure);
  }
}

TEST_P(StoreContract, AttemptsAreKeptOldestFirst) {
  Put(SampleJob("job"));
  Trial trial = Running(SampleTrial("job", 1), "worker-1", 1);
  Put(trial);
  trial.attempt->end_time = SampleTime(1100);
  trial.attempt->failure = Failure{FailureKind::kLost, "lease expired"};
  trial.state = TrialState::kQueued;
  const Attempt first = *trial.attempt;
  Put(trial);
  trial = Running(trial, "worker-2", 2);
  Put(trial);
  Settle();
  EXPECT_THAT(Get([](Reader& reader) { return reader.ListAttempts({"job", 1}); }), ElementsAre(first, *trial.attempt));
  EXPECT_EQ(Get([](Reader& reader) { return reader.GetTrial({"job", 1}); }).attempt, trial.attempt);
}

TEST_P(StoreContract, TrialsAreListedByNumberFilterAndPage) {
  Put(SampleJob("job"));
  Put(SampleJob("other"));
  for (int64_t number : {3, 1, 12, 2}) Put(SampleTrial("job", number));
  Put(SampleTrial("other", 4));
  Put(Running(SampleTrial("job", 2)));
  Put(WithValue(SampleTrial("job", 3), 0.5));
  Settle();
  const auto list = [&](const TrialQuery& query) {
    return Numbers(Get([&](Reader& reader) { return reader.ListTrials("job", query); }));
  };
  EXPECT_THAT(list({}), ElementsAre(1, 2, 3, 12));
  EXPECT_THAT(list({.states = {TrialState::kQueued}}), ElementsAre(1, 12));
  EXPECT_THAT(list({.states = {TrialState::kRunning, TrialState::kCompleted}}), ElementsAre(2, 3));
  EXPECT_THAT(list({.since_revision = 6}), ElementsAre(2, 3));
  EXPECT_THAT(list({.states = {TrialState::kRunning}, .since_revision = 8}), IsEmpty());
  EXPECT_THAT(list({.limit = 2}), ElementsAre(1, 2));
  EXPECT_THAT(list({.limit = 2, .offset = 3}), ElementsAre(12));
  EXPECT_THAT(list({.limit = 0}), IsEmpty());
  EXPECT_THAT(list({.offset = 4}), IsEmpty());
}

TEST_P(StoreContract, BestFirstPutsTrialsWithoutAUsableValueLast) {
  Put(SampleJob("job"));
  Put(SampleTrial("job", 1));
  Put(WithValue(SampleTrial("job", 2), 0.5));
  Put(WithValue(SampleTrial("job", 3), -2));
  Put(WithValue(SampleTrial("job", 4), 0.5));
  Put(WithValue(SampleTrial("job", 5), kNan));
  Put(WithValue(SampleTrial("job", 6), -kInfinity));
  Put(WithValue(SampleTrial("job", 7), kInfinity));
  Settle();
  const auto list = [&](Goal goal) {
    const TrialQuery query{.order = TrialQuery::Order::kBestFirst, .goal = goal};
    return Numbers(Get([&](Reader& reader) { return reader.ListTrials("job", query); }));
  };
  EXPECT_THAT(list(Goal::kMinimize), ElementsAre(3, 2, 4, 1, 5, 6, 7));
  EXPECT_THAT(list(Goal::kMaximize), ElementsAre(2, 4, 3, 1, 5, 6, 7));
}

TEST_P(StoreContract, BestTrialIsTheLowestNumberOfEqualsAndNeverFailed) {
  Put(SampleJob("job"));
  Put(WithValue(SampleTrial("job", 1), kNan));
  Put(WithValue(SampleTrial("job", 2), -9, TrialState::kFailed));
  Put(WithValue(SampleTrial("job", 3), 9, TrialState::kFailed));
  const auto best = [&](Goal goal) {
    const auto trial = Get([&](Reader& reader) { return reader.FindBestTrial("job", goal); });
    return trial ? trial->id.number : 0;
  };
  EXPECT_EQ(best(Goal::kMinimize), 0);
  Put(WithValue(SampleTrial("job", 4), 0.5, TrialState::kRunning));
  Put(WithValue(SampleTrial("job", 5), 0.5, TrialState::kEarlyStopped));
  Put(WithValue(SampleTrial("job", 6), 0.25, TrialState::kCanceled));
  Put(WithValue(SampleTrial("job", 7), 0.25));
  Settle();
  EXPECT_EQ(best(Goal::kMinimize), 6);
  EXPECT_EQ(best(Goal::kMaximize), 4);
}

TEST_P(StoreContract, SpecialValuesOfATrialComeBack) {
  Put(SampleJob("job"));
  for (double value : {kInfinity, -kInfinity, -0.0, 0.0, 5e-324, 1.7976931348623157e308, 3.0, 0.1}) {
    Put(WithValue(SampleTrial("job", 1), value));
    Settle();
    const std::optional<double> seen = Get([](Reader& reader) { return reader.GetTrial({"job", 1}); }).value;
    ASSERT_TRUE(seen.has_value());
    EXPECT_EQ(*seen, value);
    EXPECT_EQ(std::signbit(*seen), std::signbit(value));
  }
  Put(WithValue(SampleTrial("job", 1), kNan));
  const std::optional<double> seen = Get([](Reader& reader) { return reader.GetTrial({"job", 1}); }).value;
  ASSERT_TRUE(seen.has_value());
  EXPECT_TRUE(std::isnan(*seen));
}

TEST_P(StoreContract, LiveTrialsAreThoseTheWorkerRuns) {
  Put(SampleJob("job"));
  Put(SampleJob("other"));
  Put(SampleTrial("job", 1));
  Put(Running(SampleTrial("job", 2), "worker-1"));
  Put(Running(SampleTrial("job", 3), "worker-2"));
  Trial stopping = Running(SampleTrial("other", 4), "worker-1");
  stopping.state = TrialState::kStopping;
  Put(stopping);
  Trial ended = Running(SampleTrial("job", 5), "worker-1");
  Put(ended);
  ended.state = TrialState::kCompleted;
  Put(ended);
  Settle();
  const auto live = [&](absl::string_view worker) {
    return Numbers(Get([&](Reader& reader) { return reader.ListLiveTrials(worker); }));
  };
  EXPECT_THAT(live("worker-1"), ElementsAre(2, 4));
  EXPECT_THAT(live("worker-2"), ElementsAre(3));
  EXPECT_THAT(live("worker-3"), IsEmpty());
  EXPECT_THAT(live(""), ElementsAre(2, 3, 4));
}

TEST_P(StoreContract, TrialsAreCountedByState) {
  Put(SampleJob("job"));
  Put(SampleJob("other"));
  int64_t number = 0;
  for (TrialState state : kAllTrialStates) {
    for (int i = 0; i <= static_cast<int>(state); ++i) {
      Trial trial = SampleTrial("job", ++number);
      trial.state = state;
      Put(trial);
    }
  }
  Put(SampleTrial("other", 1));
  Settle();
  TrialCounts counts = Get([](Reader& reader) { return reader.CountTrials("job"); });
  for (TrialState state : kAllTrialStates) EXPECT_EQ(counts[state], 1 + static_cast<int>(state));
  EXPECT_EQ(counts.total(), number);
}

TEST_P(StoreContract, DispatchableTrialsAreInOrderOfJobsThenNumbers) {
  Put(SampleJob("second", 2));
  Put(SampleJob("first", 1));
  TuningJob paused = SampleJob("paused", 0);
  paused.state = JobState::kPaused;
  Put(paused);
  for (absl::string_view job : {"second", "first", "paused"}) {
    for (int64_t number : {3, 2, 1}) Put(SampleTrial(job, number));
  }
  Settle();
  const auto list = [&](int64_t limit) {
    std::vector<std::string> names;
    for (const Trial& trial : Get([&](Reader& reader) { return reader.ListDispatchableTrials(limit); })) {
      names.push_back(trial.id.job_id + "/" + std::to_string(trial.id.number));
    }
    return names;
  };
  EXPECT_THAT(list(10), ElementsAre("first/1", "first/2", "second/1", "second/2"));
  EXPECT_THAT(list(3), ElementsAre("first/1", "first/2", "second/1"));
  EXPECT_THAT(list(0), IsEmpty());
  Trial stopping = Running(SampleTrial("first", 1));
  stopping.state = TrialState::kStopping;
  Put(stopping);
  EXPECT_THAT(list(10), ElementsAre("first/2", "second/1", "second/2"));
  Put(Running(SampleTrial("first", 3)));
  EXPECT_THAT(list(10), ElementsAre("second/1", "second/2"));
}

TEST_P(StoreContract, JobsWithoutATemplateAreLeftOutUnlessAskedFor) {
  TuningJob job = SampleJob("asked", 1);
  job.spec.trial.reset();
  Put(job);
  Put(SampleJob("other", 2));
  for (int64_t number : {1, 2, 3}) Put(SampleTrial("asked", number));
  Put(SampleTrial("other", 1));
  Settle();
  EXPECT_EQ(Get([](Reader& reader) { return reader.GetTuningJob("asked"); }).spec, job.spec);
  const auto of_asked = [this](int64_t limit) {
    return Numbers(Get([&](Reader& reader) { return reader.ListDispatchableTrialsOf("asked", limit); }));
  };
  EXPECT_THAT(Numbers(Get([](Reader& reader) { return reader.ListDispatchableTrials(10); })), ElementsAre(1));
  EXPECT_THAT(of_asked(10), ElementsAre(1, 2)) << "max_parallel_jobs is 2";
  EXPECT_THAT(of_asked(1), ElementsAre(1));
  Put(Running(SampleTrial("asked", 1)));
  EXPECT_THAT(of_asked(10), ElementsAre(2));
  job.state = JobState::kPaused;
  Put(job);
  EXPECT_THAT(of_asked(10), IsEmpty());
}

TEST_P(StoreContract, TrialsOfARequestAreTheLiveOnesOfItsClient) {
  Put(SampleJob("job"));
  Put(SampleJob("other"));
  const auto put = [this](absl::string_view job, int64_t number, TrialState state, ClientLease client) {
    Trial trial = Running(SampleTrial(job, number));
    trial.state = state;
    trial.attempt->worker_id = trial.attempt->incarnation = "";
    trial.attempt->client = std::move(client);
    Put(trial);
    return trial;
  };
  const ClientLease lease = {.client_id = "a", .request_id = "r1", .duration = absl::Milliseconds(1500)};
  put("job", 2, TrialState::kStopping, lease);
  Trial first = put("job", 1, TrialState::kRunning, lease);
  put("job", 3, TrialState::kCompleted, lease);
  put("job", 4, TrialState::kRunning, {.client_id = "b", .request_id = "r1"});
  put("job", 5, TrialState::kRunning, {.client_id = "a", .request_id = "r2"});
  put("job", 6, TrialState::kRunning, {.client_id = "a"});
  put("other", 7, TrialState::kRunning, lease);
  Settle();
  const std::vector<Trial> found = Get([](Reader& reader) { return reader.ListTrialsOfRequest("job", "a", "r1"); });
  EXPECT_THAT(Numbers(found), ElementsAre(1, 2));
  first.revision = found[0].revision;
  EXPECT_EQ(found[0], first);
  EXPECT_THAT(Get([](Reader& reader) { return reader.ListTrialsOfRequest("job", "a", ""); }), IsEmpty());
  EXPECT_EQ(Get([](Reader& reader) { return reader.ListAttempts({"job", 1}); }).at(0), first.attempt);
  EXPECT_EQ(Get([](Reader& reader) { return reader.ListLiveTrials(""); }).size(), 6);
}

TEST_P(StoreContract, LoweredParallelismLeavesNoRoom) {
  TuningJob job = SampleJob("job");
  Put(job);
  for (int64_t number : {1, 2, 3}) Put(SampleTrial("job", number));
  Put(Running(SampleTrial("job", 1)));
  Put(Running(SampleTrial("job", 2)));
  job.spec.max_parallel_jobs = 1;
  Put(job);
  EXPECT_THAT(Get([](Reader& reader) { return reader.ListDispatchableTrials(10); }), IsEmpty());
  job.spec.max_parallel_jobs = 3;
  Put(job);
  EXPECT_THAT(Numbers(Get([](Reader& reader) { return reader.ListDispatchableTrials(10); })), ElementsAre(3));
}

// Grants and ends at random: whatever is granted from one answer never exceeds a job's limit.
TEST_P(StoreContract, DispatchNeverExceedsMaxParallelJobs) {
  std::mt19937 random(7);
  for (int job = 0; job < 3; ++job) {
    TuningJob tuning_job = SampleJob("job-" + std::to_string(job), job);
    tuning_job.spec.max_parallel_jobs = 1 + job;
    Put(tuning_job);
    for (int64_t number = 1; number <= 30; ++number) Put(SampleTrial(tuning_job.id, number));
  }
  for (int round = 0; round < 60; ++round) {
    const absl::Status status = store().Write(Store::Priority::kState, [&](Transaction& transaction) -> absl::Status {
      PEGBOX_ASSIGN_OR_RETURN(auto live, transaction.ListLiveTrials(""));
      for (Trial& trial : live) {
        if (random() % 2 == 0) continue;
        trial.state = random() % 3 == 0 ? TrialState::kQueued : TrialState::kCompleted;
        PEGBOX_RETURN_IF_ERROR(transaction.PutTrial(trial));
      }
      PEGBOX_ASSIGN_OR_RETURN(auto granted, transaction.ListDispatchableTrials(1 + random() % 6));
      for (Trial& trial : granted) {
        EXPECT_EQ(trial.state, TrialState::kQueued);
        const int64_t attempt = trial.attempt ? trial.attempt->number + 1 : 1;
        PEGBOX_RETURN_IF_ERROR(transaction.PutTrial(Running(trial, "worker", attempt)));
      }
      return absl::OkStatus();
    });
    ASSERT_TRUE(status.ok()) << status;
    for (int job = 0; job < 3; ++job) {
      const std::string id = "job-" + std::to_string(job);
      EXPECT_LE(Get([&](Reader& reader) { return reader.CountTrials(id); }).live(), 1 + job);
    }
  }
}

}  // namespace
}  // namespace pegbox
