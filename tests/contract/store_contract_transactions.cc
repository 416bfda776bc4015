#include <atomic>
#include <thread>

#include "common/status_macros.h"
#include "tests/contract/store_contract.h"
#include "tests/contract/store_samples.h"

namespace pegbox {
namespace {

TEST_P(StoreContract, BodyReadsWhatItPut) {
  const absl::Status status = store().Write(Store::Priority::kState, [](Transaction& transaction) -> absl::Status {
    PEGBOX_RETURN_IF_ERROR(transaction.PutTuningJob(SampleJob("job")));
    PEGBOX_RETURN_IF_ERROR(transaction.PutTrial(Running(SampleTrial("job", 1))));
    PEGBOX_RETURN_IF_ERROR(transaction.InsertMeasurements({"job", 1}, 1, {SampleMeasurement("loss", 1, 0.5)}).status());
    PEGBOX_ASSIGN_OR_RETURN(const TrialCounts counts, transaction.CountTrials("job"));
    EXPECT_EQ(counts.running, 1);
    PEGBOX_ASSIGN_OR_RETURN(const auto live, transaction.ListLiveTrials("worker-1"));
    EXPECT_THAT(Numbers(live), ::testing::ElementsAre(1));
    PEGBOX_ASSIGN_OR_RETURN(const auto rows, transaction.ListMeasurements("job", {}));
    EXPECT_EQ(rows.size(), 1u);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(StoreContract, FailedBodyChangesNothing) {
  Put(SampleJob("before"));
  const int64_t revision = Revision();
  const absl::Status status = store().Write(Store::Priority::kState, [](Transaction& transaction) -> absl::Status {
    PEGBOX_RETURN_IF_ERROR(transaction.PutTuningJob(SampleJob("job")));
    PEGBOX_RETURN_IF_ERROR(transaction.PutTrial(SampleTrial("job", 1)));
    return absl::AbortedError("stale lease");
  });
  EXPECT_EQ(status, absl::AbortedError("stale lease"));
  Settle();
  EXPECT_TRUE(absl::IsNotFound(GetStatus([](Reader& reader) { return reader.GetTuningJob("job"); })));
  EXPECT_EQ(Revision(), revision);
  EXPECT_TRUE(store().failure().ok());
}

TEST_P(StoreContract, RevisionGrowsWithEveryChangeAndWithNothingElse) {
  Put(SampleJob("job"));
  Put(SampleTrial("job", 1));
  EXPECT_EQ(Revision(), 2);
  Settle();
  EXPECT_EQ(Revision(), 2);
  const absl::Status status =
      store().Write(Store::Priority::kState, [](Transaction& transaction) { return transaction.Revision().status(); });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(Revision(), 2);
  Insert({"job", 1}, 1, {SampleMeasurement("loss", 1, 1)});
  EXPECT_EQ(Revision(), 3);
  Insert({"job", 1}, 1, {SampleMeasurement("loss", 1, 2)});
  EXPECT_EQ(Revision(), 3);
  Put(SampleWorker("worker"));
  EXPECT_EQ(Revision(), 4);
}

TEST_P(StoreContract, AllThatOneBodyWritesHasOneRevision) {
  Put(SampleJob("other"));
  const absl::Status status = store().Write(Store::Priority::kState, [](Transaction& transaction) -> absl::Status {
    PEGBOX_RETURN_IF_ERROR(transaction.PutTuningJob(SampleJob("job")));
    PEGBOX_RETURN_IF_ERROR(transaction.PutTrial(SampleTrial("job", 1)));
    return transaction.PutTrial(SampleTrial("job", 2));
  });
  EXPECT_TRUE(status.ok()) << status;
  Settle();
  EXPECT_EQ(Get([](Reader& reader) { return reader.GetTuningJob("job"); }).revision, 2);
  for (int64_t number : {1, 2}) {
    EXPECT_EQ(Get([&](Reader& reader) { return reader.GetTrial({"job", number}); }).revision, 2);
  }
}

TEST_P(StoreContract, TrialWithoutItsJobIsRejected) {
  const absl::Status status = store().Write(
      Store::Priority::kState, [](Transaction& transaction) { return transaction.PutTrial(SampleTrial("none", 1)); });
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

TEST_P(StoreContract, BodyMayGoOnAfterARejectedPut) {
  const absl::Status status = store().Write(Store::Priority::kState, [](Transaction& transaction) {
    EXPECT_TRUE(absl::IsFailedPrecondition(transaction.PutTrial(SampleTrial("none", 1))));
    return transaction.PutTuningJob(SampleJob("job"));
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(Get([](Reader& reader) { return reader.GetTuningJob("job"); }).id, "job");
}

TEST_P(StoreContract, WritersOfManyThreadsAreAllServed) {
  constexpr int kThreads = 8, kWrites = 250;
  Put(SampleJob("job"));
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kWrites; ++i) {
        const int64_t number = 1 + thread * kWrites + i;
        const auto priority = i % 2 == 0 ? Store::Priority::kState : Store::Priority::kMeasurements;
        const absl::Status written = store().Write(
            priority, [&](Transaction& transaction) { return transaction.PutTrial(SampleTrial("job", number)); });
        const absl::Status read = store().Read([&](Reader& reader) {
          return reader.GetTrial({"job", number}).status();
        });
        if (!written.ok() || !read.ok()) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  Settle();
  EXPECT_EQ(Get([](Reader& reader) { return reader.CountTrials("job"); }).queued, kThreads * kWrites);
  EXPECT_EQ(Revision(), 1 + kThreads * kWrites);
}

}  // namespace
}  // namespace pegbox
