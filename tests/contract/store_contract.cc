#include "tests/contract/store_contract.h"

#include <utility>

#include "tests/contract/store_samples.h"

namespace pegbox {

void StoreContract::Put(const TuningJob& job) {
  const absl::Status status =
      store().Write(Store::Priority::kState, [&](Transaction& transaction) { return transaction.PutTuningJob(job); });
  ASSERT_TRUE(status.ok()) << status;
}

void StoreContract::Put(const Trial& trial) {
  const absl::Status status =
      store().Write(Store::Priority::kState, [&](Transaction& transaction) { return transaction.PutTrial(trial); });
  ASSERT_TRUE(status.ok()) << status;
}

void StoreContract::Put(const Worker& worker) {
  const absl::Status status =
      store().Write(Store::Priority::kState, [&](Transaction& transaction) { return transaction.PutWorker(worker); });
  ASSERT_TRUE(status.ok()) << status;
}

std::vector<size_t> StoreContract::Insert(const TrialId& id, int64_t attempt, const std::vector<Measurement>& rows) {
  std::vector<size_t> inserted;
  const absl::Status status = store().Write(Store::Priority::kMeasurements, [&](Transaction& transaction) {
    auto result = transaction.InsertMeasurements(id, attempt, rows);
    if (result.ok()) inserted = *result;
    return result.status();
  });
  EXPECT_TRUE(status.ok()) << status;
  return inserted;
}

int64_t StoreContract::Revision() {
  return Get([](Reader& reader) { return reader.Revision(); });
}

std::vector<int64_t> Numbers(const std::vector<Trial>& trials) {
  std::vector<int64_t> numbers;
  for (const Trial& trial : trials) numbers.push_back(trial.id.number);
  return numbers;
}

std::vector<std::string> Ids(const std::vector<TuningJob>& jobs) {
  std::vector<std::string> ids;
  for (const TuningJob& job : jobs) ids.push_back(job.id);
  return ids;
}

namespace {

TEST_P(StoreContract, EmptyStoreHasNothing) {
  EXPECT_EQ(Revision(), 0);
  EXPECT_TRUE(Get([](Reader& reader) { return reader.ListTuningJobs({}); }).empty());
  EXPECT_TRUE(Get([](Reader& reader) { return reader.ListWorkers(); }).empty());
  EXPECT_TRUE(Get([](Reader& reader) { return reader.ListTrials("none", {}); }).empty());
  EXPECT_TRUE(Get([](Reader& reader) { return reader.ListLiveTrials(""); }).empty());
  EXPECT_TRUE(Get([](Reader& reader) { return reader.ListDispatchableTrials(10); }).empty());
  EXPECT_TRUE(Get([](Reader& reader) { return reader.ListAttempts({"none", 1}); }).empty());
  EXPECT_TRUE(Get([](Reader& reader) { return reader.ListMeasurements("none", {}); }).empty());
  EXPECT_EQ(Get([](Reader& reader) { return reader.CountTrials("none"); }).total(), 0);
  EXPECT_EQ(Get([](Reader& reader) { return reader.FindBestTrial("none", Goal::kMinimize); }), std::nullopt);
}

TEST_P(StoreContract, WhatIsMissingIsNotFound) {
  EXPECT_TRUE(absl::IsNotFound(GetStatus([](Reader& reader) { return reader.GetTuningJob("none"); })));
  EXPECT_TRUE(absl::IsNotFound(GetStatus([](Reader& reader) { return reader.GetTrial({"none", 1}); })));
  EXPECT_TRUE(absl::IsNotFound(GetStatus([](Reader& reader) { return reader.GetWorker("none"); })));
}

TEST_P(StoreContract, JobComesBackAsItWasPut) {
  TuningJob job = SampleJob("full");
  job.spec = FullSpec();
  job.state = JobState::kStopping;
  job.end_reason = EndReason::kTargetReached;
  job.end_detail = "reached 0.1";
  job.end_time = SampleTime(50);
  job.request_id = "request-1";
  Put(job);
  Settle();
  job.revision = 1;
  EXPECT_EQ(Get([](Reader& reader) { return reader.GetTuningJob("full"); }), job);
}

TEST_P(StoreContract, EveryStateAndReasonOfAJobComesBack) {
  for (JobState state : kAllJobStates) {
    for (EndReason reason : {EndReason::kMaxJobs, EndReason::kMaxRuntime, EndReason::kTargetReached, EndReason::kUser,
                             EndReason::kSpaceExhausted, EndReason::kTooManyFailures}) {
      TuningJob job = SampleJob("job");
      job.state = state;
      job.end_reason = reason;
      Put(job);
      const TuningJob seen = Get([](Reader& reader) { return reader.GetTuningJob("job"); });
      EXPECT_EQ(seen.state, state);
      EXPECT_EQ(seen.end_reason, reason);
    }
  }
}

TEST_P(StoreContract, PutReplacesById) {
  TuningJob job = SampleJob("job");
  job.end_time = SampleTime(9);
  Put(job);
  job.end_time.reset();
  job.state = JobState::kPaused;
  job.spec.max_parallel_jobs = 5;
  Put(job);
  Settle();
  job.revision = 2;
  EXPECT_EQ(Get([](Reader& reader) { return reader.GetTuningJob("job"); }), job);
  EXPECT_EQ(Get([](Reader& reader) { return reader.ListTuningJobs({}); }).size(), 1u);
}

TEST_P(StoreContract, JobIsFoundByItsRequestIdOnly) {
  TuningJob job = SampleJob("with");
  job.request_id = "request-1";
  Put(job);
  Put(SampleJob("without"));
  Put(SampleJob("also-without"));
  Settle();
  const auto find = [&](absl::string_view id) {
    return Get([&](Reader& reader) { return reader.FindTuningJobByRequestId(id); });
  };
  ASSERT_TRUE(find("request-1").has_value());
  EXPECT_EQ(find("request-1")->id, "with");
  EXPECT_FALSE(find("request-2").has_value());
  EXPECT_FALSE(find("").has_value());
}

TEST_P(StoreContract, JobsAreListedNewestFirstByPages) {
  for (int i = 0; i < 5; ++i) Put(SampleJob(std::string("job-") + static_cast<char>('a' + i), i / 2));
  TuningJob ended = SampleJob("ended", 9);
  ended.state = JobState::kCompleted;
  Put(ended);
  Settle();
  const auto list = [&](TuningJobQuery query) {
    return Ids(Get([&](Reader& reader) { return reader.ListTuningJobs(query); }));
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(list({}), ElementsAre("ended", "job-e", "job-d", "job-c", "job-b", "job-a"));
  EXPECT_THAT(list({.live_only = true}), ElementsAre("job-e", "job-d", "job-c", "job-b", "job-a"));
  EXPECT_THAT(list({.limit = 2}), ElementsAre("ended", "job-e"));
  EXPECT_THAT(list({.limit = 2, .after_id = "job-e"}), ElementsAre("job-d", "job-c"));
  EXPECT_THAT(list({.limit = 9, .after_id = "job-b"}), ElementsAre("job-a"));
  EXPECT_THAT(list({.after_id = "job-a"}), ElementsAre());
  EXPECT_THAT(list({.limit = 0}), ElementsAre());
}

TEST_P(StoreContract, WorkerComesBackAsItWasPut) {
  Worker worker = SampleWorker("worker-2");
  Put(worker);
  Put(SampleWorker("worker-1"));
  worker.incarnation = "incarnation-2";
  worker.device_names.clear();
  worker.has_left = true;
  Put(worker);
  Settle();
  EXPECT_EQ(Get([](Reader& reader) { return reader.GetWorker("worker-2"); }), worker);
  EXPECT_THAT(Get([](Reader& reader) { return reader.ListWorkers(); }),
              ::testing::ElementsAre(SampleWorker("worker-1"), worker));
}

TEST_P(StoreContract, InfiniteTimesComeBack) {
  Worker worker = SampleWorker("worker");
  for (absl::Time time : {absl::InfiniteFuture(), absl::InfinitePast(), absl::UnixEpoch(), absl::FromUnixMicros(-1)}) {
    worker.register_time = time;
    Put(worker);
    Settle();
    EXPECT_EQ(Get([](Reader& reader) { return reader.GetWorker("worker"); }).register_time, time);
  }
}

}  // namespace
}  // namespace pegbox
