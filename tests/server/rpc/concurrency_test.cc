// Many callers at once: limits hold exactly, waiting calls leave room for others, and a stopping server lets go of all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "tests/server/rpc/fake_worker.h"
#include "tests/server/rpc/test_server.h"

namespace pegbox {
namespace {

constexpr int kWorkers = 8;
constexpr int kMaxJobs = 60;
constexpr int kMaxParallelJobs = 3;

// What the workers of one job saw together.
struct Tally {
  absl::Mutex mu;
  std::set<std::string> granted ABSL_GUARDED_BY(mu);
  int live ABSL_GUARDED_BY(mu) = 0;
  int most_live ABSL_GUARDED_BY(mu) = 0;

  void Start(const v1::TrialAssignment& grant) {
    absl::MutexLock lock(&mu);
    EXPECT_TRUE(granted.insert(grant.id().trial()).second) << "granted twice: " << grant.id().trial();
    EXPECT_EQ(grant.id().attempt(), 1);
    most_live = std::max(most_live, ++live);
  }
  // Before the server can hear of the end.
  void End() {
    absl::MutexLock lock(&mu);
    --live;
  }
};

void Work(TestServer& server, int index, Tally& tally, const std::atomic<bool>& is_over) {
  FakeWorker worker(server, absl::StrCat("w", index));
  ASSERT_EQ(worker.Register(), absl::OkStatus());
  while (!is_over) {
    const auto orders = worker.Sync({}, 1, absl::Milliseconds(500));
    ASSERT_EQ(orders.status(), absl::OkStatus());
    ASSERT_LE(orders->start_size(), 1);
    for (const v1::TrialAssignment& grant : orders->start()) {
      tally.Start(grant);
      ASSERT_EQ(worker.Report(worker.Losses(grant.id(), 1, {0.5, 0.4, 0.3})).status(), absl::OkStatus());
      tally.End();
      ASSERT_EQ(worker.Finish(grant.id()), absl::OkStatus());
    }
  }
}

TEST(RpcConcurrencyTest, MaxJobsAndMaxParallelJobsHoldExactly) {
  TestServer server;
  v1::CreateTuningJobRequest request = ExampleRequest("job");
  request.mutable_spec()->set_max_jobs(kMaxJobs);
  request.mutable_spec()->set_max_parallel_jobs(kMaxParallelJobs);
  server.Create(request);
  Tally tally;
  std::atomic<bool> is_over = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < kWorkers; ++i) threads.emplace_back([&, i] { Work(server, i, tally, is_over); });
  int64_t most_counted = 0;
  v1::TuningJob job;
  for (const v1::WatchTuningJobResponse& response : server.WatchToEnd("job")) {
    if (!response.has_tuning_job()) continue;
    job = response.tuning_job();
    most_counted = std::max(most_counted, job.trial_counts().running() + job.trial_counts().stopping());
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  absl::MutexLock lock(&tally.mu);
  EXPECT_LE(tally.most_live, kMaxParallelJobs);
  EXPECT_LE(most_counted, kMaxParallelJobs);
  EXPECT_EQ(tally.granted.size(), size_t{kMaxJobs});
  EXPECT_EQ(job.state(), v1::TuningJob::COMPLETED);
  EXPECT_EQ(job.end_reason(), v1::TuningJob::MAX_JOBS);
  EXPECT_EQ(job.trial_counts().completed(), kMaxJobs);
}

constexpr int kWaiting = 100;

// 100 workers that wait for a trial, each in a call of its own.
class WaitingWorkers {
 public:
  explicit WaitingWorkers(TestServer& server) : about_to_wait_(kWaiting), replies_(kWaiting) {
    for (int i = 0; i < kWaiting; ++i) {
      threads_.emplace_back([this, &server, i] {
        FakeWorker worker(server, absl::StrCat("w", i));
        EXPECT_EQ(worker.Register(), absl::OkStatus());
        about_to_wait_.DecrementCount();
        replies_[i] = worker.Sync({}, 1, absl::Seconds(9));
      });
    }
    about_to_wait_.Wait();
  }

  std::vector<absl::StatusOr<v1::SyncWorkerResponse>> Join() {
    for (std::thread& thread : threads_) thread.join();
    return replies_;
  }

 private:
  absl::BlockingCounter about_to_wait_;
  std::vector<absl::StatusOr<v1::SyncWorkerResponse>> replies_;
  std::vector<std::thread> threads_;
};

TEST(RpcConcurrencyTest, AHundredWaitingWorkersLeaveRoomForOtherCalls) {
  TestServer server;
  server.Create(ExampleRequest("paused"));
  v1::TuningJob job;
  const auto pause = Parse<v1::PauseTuningJobRequest>("name: 'tuningJobs/paused'");
  ASSERT_EQ(server.Call(server.tuning(), &v1::TuningService::Stub::PauseTuningJob, pause, job), absl::OkStatus());
  WaitingWorkers workers(server);
  const absl::Time start = absl::Now();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(server.Get("paused").state(), v1::TuningJob::PAUSED);
  EXPECT_LT(absl::Now() - start, absl::Seconds(5)) << "no call waits for a waiting one";
  v1::CreateTuningJobRequest request = ExampleRequest("wide");
  request.mutable_spec()->set_max_jobs(kWaiting);
  request.mutable_spec()->set_max_parallel_jobs(kWaiting);
  server.Create(request);
  std::set<std::string> granted;
  for (const absl::StatusOr<v1::SyncWorkerResponse>& reply : workers.Join()) {
    ASSERT_EQ(reply.status(), absl::OkStatus());
    for (const v1::TrialAssignment& grant : reply->start()) granted.insert(grant.id().trial());
  }
  EXPECT_EQ(granted.size(), size_t{kWaiting});
}

TEST(RpcConcurrencyTest, AStoppingServerLetsGoOfAllThatWait) {
  TestServer server;
  WaitingWorkers workers(server);
  const absl::Time start = absl::Now();
  server.engine().Stop();
  server.rpc().Stop(absl::Seconds(5));
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  for (const absl::StatusOr<v1::SyncWorkerResponse>& reply : workers.Join()) {
    // gRPC itself cancels calls that had come, but not begun.
    EXPECT_TRUE(absl::IsUnavailable(reply.status()) || absl::IsCancelled(reply.status())) << reply.status();
  }
}

}  // namespace
}  // namespace pegbox
