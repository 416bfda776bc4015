#include "server/engine/worker_sessions.h"

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "gmock/gmock.h"
#include "tests/server/engine/engine_fixture.h"

namespace pegbox {
namespace {

using testing::ElementsAre;

class WorkerSessionsTest : public EngineFixture {};

TEST_F(WorkerSessionsTest, GrantsUpToTheFreeSlots) {
  CreateJob(SimpleSpec(10, 5));
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  const SyncResult result = Sync(worker, 2).value();
  ASSERT_EQ(result.start.size(), 2);
  EXPECT_EQ(result.start[0].id, (AttemptId{.trial = {.job_id = "job", .number = 1}, .attempt = 1}));
  EXPECT_EQ(result.start[0].objective_metric, "validation:loss");
  EXPECT_NE(result.start[0].seed, result.start[1].seed);
  EXPECT_EQ(GetTrial(1).state, TrialState::kRunning);
}

TEST_F(WorkerSessionsTest, AGrantWhoseReplyWasLostIsRepeated) {
  CreateJob(SimpleSpec(10, 1));
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  const SyncResult lost = Sync(worker, 1).value();
  const SyncResult repeated = Sync(worker, 1).value();
  ASSERT_EQ(repeated.start.size(), 1);
  EXPECT_EQ(repeated.start[0].id, lost.start[0].id);
  EXPECT_EQ(repeated.start[0].seed, lost.start[0].seed);
  EXPECT_EQ(repeated.start[0].parameters, lost.start[0].parameters);
}

TEST_F(WorkerSessionsTest, AnUnregisteredWorkerIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(Sync({.worker_id = "w", .incarnation = "incarnation-1"}, 1).status()));
}

TEST_F(WorkerSessionsTest, AnEarlierIncarnationIsFenced) {
  CreateJob(SimpleSpec(10, 1));
  const WorkerIdentity old_one = RegisterWorker("w", "incarnation-1");
  const AttemptId id = Sync(old_one, 1)->start.at(0).id;
  RegisterWorker("w", "incarnation-2");
  EXPECT_TRUE(absl::IsAborted(Sync(old_one, 1).status()));
  EXPECT_TRUE(Report(old_one, id, 1, 0.5).ok()) << "without proof of death the attempt stays its until the lease ends";
}

TEST_F(WorkerSessionsTest, ProofOfDeathDispatchesTheTrialsAgainAtOnce) {
  CreateJob(SimpleSpec(10, 1));
  const WorkerIdentity old_one = RegisterWorker("w", "incarnation-1");
  const AttemptId id = Sync(old_one, 1)->start.at(0).id;
  const WorkerIdentity new_one = RegisterWorker("w", "incarnation-2", {"incarnation-1"});
  const SyncResult result = Sync(new_one, 1).value();
  ASSERT_EQ(result.start.size(), 1);
  EXPECT_EQ(result.start[0].id, (AttemptId{.trial = id.trial, .attempt = 2}));
  EXPECT_TRUE(absl::IsAborted(Report(old_one, id, 1, 0.5).status()));
}

TEST_F(WorkerSessionsTest, AttemptsThatAreNotCurrentAreFenced) {
  CreateJob(SimpleSpec(10, 1));
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  const AttemptId unknown = {.trial = {.job_id = "job", .number = 1}, .attempt = 9};
  EXPECT_THAT(Sync(worker, 0, {unknown})->fence, ElementsAre(unknown));
}

TEST_F(WorkerSessionsTest, AStopIsToldUntilTheWorkerSaysThatItStops) {
  CreateJob(SimpleSpec(10, 1));
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  const AttemptId id = Sync(worker, 1)->start.at(0).id;
  ASSERT_TRUE(tuning_jobs_.StopTrial(id.trial).ok());
  EXPECT_EQ(Sync(worker, 0, {id})->stop.at(0).reason, "stopped by a user");
  EXPECT_EQ(Sync(worker, 0, {id})->stop.size(), 1);
  EXPECT_TRUE(Sync(worker, 0, {id}, {id})->empty());
}

TEST_F(WorkerSessionsTest, AStoppedTrialWhoseGrantWasLostEndsWithoutRunning) {
  CreateJob(SimpleSpec(10, 1));
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  Sync(worker, 1).value();
  ASSERT_TRUE(tuning_jobs_.StopTrial({.job_id = "job", .number = 1}).ok());
  EXPECT_TRUE(Sync(worker, 0)->empty());
  EXPECT_EQ(GetTrial(1).state, TrialState::kCanceled);
}

TEST_F(WorkerSessionsTest, AWaitingCallWakesWhenATrialIsQueued) {
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  absl::StatusOr<SyncResult> result;
  std::thread waiter([&] {
    result =
        worker_sessions_.Sync({.worker = worker, .free_slots = 1, .max_wait = absl::Minutes(1)}, [] { return false; });
  });
  CreateJob(SimpleSpec(10, 1));
  waiter.join();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->start.size(), 1);
}

TEST_F(WorkerSessionsTest, ALeavingWorkerIsGrantedNothing) {
  CreateJob(SimpleSpec(10, 1));
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  const auto result =
      worker_sessions_.Sync({.worker = worker, .free_slots = 1, .is_leaving = true}, [] { return false; });
  EXPECT_TRUE(result->empty());
  EXPECT_EQ(tuning_jobs_.ListWorkers()->at(0).state, WorkerState::kOffline);
}

TEST_F(WorkerSessionsTest, MaxParallelJobsHoldsOverManyWorkersAtOnce) {
  constexpr int64_t kMaxJobs = 60;
  constexpr int64_t kMaxParallel = 3;
  CreateJob(SimpleSpec(kMaxJobs, kMaxParallel));
  std::atomic<int64_t> running = 0;
  std::atomic<int64_t> most = 0;
  std::atomic<int64_t> started = 0;
  std::vector<WorkerIdentity> workers;
  for (int i = 0; i < 8; ++i) workers.push_back(RegisterWorker("w" + std::to_string(i), "incarnation-1"));
  std::vector<std::thread> threads;
  for (const WorkerIdentity& worker : workers) {
    threads.emplace_back([&] {
      while (started < kMaxJobs) {
        const absl::StatusOr<SyncResult> result = Sync(worker, 2);
        ASSERT_TRUE(result.ok()) << result.status();
        for (const TrialAssignment& assignment : result->start) {
          const int64_t now_running = ++running;
          for (int64_t seen = most; now_running > seen && !most.compare_exchange_weak(seen, now_running);) {
          }
          ++started;
          EXPECT_TRUE(Report(worker, assignment.id, 1, 0.5).ok());
          --running;
          EXPECT_TRUE(Finish(worker, assignment.id, std::nullopt).ok());
        }
      }
    });
  }
  std::thread loop([&] {
    while (started < kMaxJobs) Settle();
  });
  for (std::thread& thread : threads) thread.join();
  loop.join();
  Settle();
  EXPECT_EQ(started, kMaxJobs);
  EXPECT_LE(most, kMaxParallel);
  const TuningJobView view = tuning_jobs_.Get("job").value();
  EXPECT_EQ(view.job.state, JobState::kCompleted);
  EXPECT_EQ(view.job.end_reason, EndReason::kMaxJobs);
  EXPECT_EQ(view.counts, (TrialCounts{.completed = kMaxJobs}));
}

}  // namespace
}  // namespace pegbox
