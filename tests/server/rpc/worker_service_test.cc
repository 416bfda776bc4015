// A worker's life over a real server: grants, reports, stops, ends, and what is fenced.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "tests/server/rpc/fake_worker.h"
#include "tests/server/rpc/test_server.h"

namespace pegbox {
namespace {

using testing::HasSubstr;
using Tuning = v1::TuningService::Stub;

class WorkerServiceTest : public testing::Test {
 protected:
  WorkerServiceTest() : worker_(server_, "w") {
    server_.Create(ExampleRequest("job"));
    EXPECT_EQ(worker_.Register(), absl::OkStatus());
  }

  TestServer server_;
  FakeWorker worker_;
};

TEST_F(WorkerServiceTest, AGrantSaysAllThatATrialNeeds) {
  const v1::TrialAssignment grant = worker_.NextGrant();
  EXPECT_EQ(grant.id().trial(), "tuningJobs/job/trials/1");
  EXPECT_EQ(grant.id().attempt(), 1);
  EXPECT_EQ(grant.objective_metric(), "loss");
  EXPECT_EQ(grant.template_().command_size(), 2);
  EXPECT_EQ(grant.template_().grace_period().seconds(), 10);
  EXPECT_LE(std::fabs(grant.parameters().at("x").double_value()), 1.0);
  const v1::Trial trial = server_.GetTrial(grant.id().trial());
  EXPECT_EQ(trial.state(), v1::Trial::RUNNING);
  EXPECT_EQ(trial.worker(), "workers/w");
  EXPECT_EQ(trial.parameters().at("x").double_value(), grant.parameters().at("x").double_value());
  ASSERT_EQ(trial.attempts_size(), 1);
  EXPECT_FALSE(trial.attempts(0).has_end_time());
}

TEST_F(WorkerServiceTest, ALostGrantIsRepeatedAndAHeldOneIsNot) {
  const v1::TrialAssignment grant = worker_.NextGrant();
  EXPECT_EQ(worker_.NextGrant().DebugString(), grant.DebugString()) << "the reply was lost";
  const auto held = worker_.Sync({grant.id()}, 1, absl::ZeroDuration());
  ASSERT_EQ(held.status(), absl::OkStatus());
  EXPECT_EQ(held->ByteSizeLong(), 0u) << held->DebugString();
}

TEST_F(WorkerServiceTest, ReportedRowsAreStoredOnceAndShown) {
  const v1::AttemptId id = worker_.NextGrant().id();
  v1::ReportTrialRequest request = worker_.Losses(id, 1, {0.5, 0.25, std::numeric_limits<double>::quiet_NaN()});
  request.set_checkpoint_step(2);
  request.set_checkpoint_path("/checkpoints/1");
  EXPECT_EQ(worker_.Report(request)->new_measurements(), 3);
  EXPECT_EQ(worker_.Report(request)->new_measurements(), 0) << "repeated";
  const v1::Trial trial = server_.GetTrial(id.trial());
  EXPECT_EQ(trial.value(), 0.25);
  EXPECT_EQ(trial.best_step(), 2);
  EXPECT_EQ(trial.last_step(), 3);
  EXPECT_EQ(trial.checkpoint_step(), 2);
  EXPECT_EQ(trial.checkpoint_path(), "/checkpoints/1");

  auto list = Parse<v1::ListMeasurementsRequest>("parent: 'tuningJobs/job/trials/1' metric: 'loss' page_size: 2");
  v1::ListMeasurementsResponse page;
  ASSERT_EQ(server_.Call(server_.tuning(), &Tuning::ListMeasurements, list, page), absl::OkStatus());
  ASSERT_EQ(page.measurements_size(), 2);
  EXPECT_EQ(page.measurements(0).trial_number(), 1);
  EXPECT_EQ(page.measurements(0).attempt(), 1);
  EXPECT_EQ(page.measurements(0).measurement().value(), 0.5);
  EXPECT_GT(page.measurements(0).measurement().report_time().seconds(), 0) << "the server's time";
  list.set_page_token(page.next_page_token());
  ASSERT_EQ(server_.Call(server_.tuning(), &Tuning::ListMeasurements, list, page), absl::OkStatus());
  ASSERT_EQ(page.measurements_size(), 1);
  EXPECT_TRUE(std::isnan(page.measurements(0).measurement().value()));
  EXPECT_EQ(page.next_page_token(), "");
}

TEST_F(WorkerServiceTest, AStreamAnswersEachMessageAndSpeaksOfOneAttempt) {
  const v1::AttemptId id = worker_.NextGrant().id();
  grpc::ClientContext context;
  const auto stream = server_.workers().ReportTrial(&context);
  v1::ReportTrialResponse response;
  for (int step = 1; step <= 100; ++step) {
    ASSERT_TRUE(stream->Write(worker_.Losses(id, step, {1.0 / step})));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.new_measurements(), 1);
  }
  v1::AttemptId other = id;
  other.set_attempt(2);
  ASSERT_TRUE(stream->Write(worker_.Losses(other, 101, {0})));
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(FromGrpcStatus(stream->Finish()),
            absl::InvalidArgumentError("id: worker, incarnation and id must be the same in all messages of a stream; "
                                       "got tuningJobs/job/trials/1; open one stream for each attempt"));
  EXPECT_EQ(server_.GetTrial(id.trial()).last_step(), 100);
}

TEST_F(WorkerServiceTest, AStoppedTrialHearsItInSyncAndReport) {
  const v1::AttemptId id = worker_.NextGrant().id();
  v1::Trial trial;
  const auto stop = Parse<v1::StopTrialRequest>("name: 'tuningJobs/job/trials/1'");
  ASSERT_EQ(server_.Call(server_.tuning(), &Tuning::StopTrial, stop, trial), absl::OkStatus());
  EXPECT_EQ(trial.state(), v1::Trial::STOPPING);
  EXPECT_EQ(trial.stop().rule(), "user");
  const auto sync = worker_.Sync({id}, 0);
  ASSERT_EQ(sync.status(), absl::OkStatus());
  ASSERT_EQ(sync->stop_size(), 1);
  EXPECT_EQ(sync->stop(0).id().DebugString(), id.DebugString());
  EXPECT_EQ(sync->stop(0).reason(), "stopped by a user");
  const auto report = worker_.Report(worker_.Losses(id, 1, {0.5}));
  ASSERT_EQ(report.status(), absl::OkStatus());
  EXPECT_TRUE(report->should_stop());
  EXPECT_EQ(report->stop_reason(), "stopped by a user");
  EXPECT_EQ(worker_.Finish(id), absl::OkStatus());
  EXPECT_EQ(server_.GetTrial(id.trial()).state(), v1::Trial::CANCELED);
}

TEST_F(WorkerServiceTest, FinishIsSafeToRepeatAndEndsTheAttempt) {
  const v1::AttemptId id = worker_.NextGrant().id();
  const auto failure = Parse<v1::Failure>("kind: EXIT_CODE detail: 'no such file' exit_code: 3");
  EXPECT_EQ(worker_.Finish(id, &failure), absl::OkStatus());
  EXPECT_EQ(worker_.Finish(id, &failure), absl::OkStatus());
  const v1::Trial trial = server_.GetTrial(id.trial());
  EXPECT_EQ(trial.state(), v1::Trial::FAILED);
  EXPECT_EQ(trial.failure().DebugString(), failure.DebugString());
  ASSERT_EQ(trial.attempts_size(), 1);
  EXPECT_TRUE(trial.attempts(0).has_end_time());
  const absl::Status late = worker_.Report(worker_.Losses(id, 1, {0.5})).status();
  EXPECT_EQ(late, absl::AbortedError("tuningJobs/job/trials/1: no attempt is live; the trial is FAILED"));
}

TEST_F(WorkerServiceTest, AnEarlierIncarnationIsFenced) {
  const v1::AttemptId id = worker_.NextGrant().id();
  FakeWorker next(server_, "w", "incarnation-00002");
  ASSERT_EQ(next.Register({worker_.incarnation()}), absl::OkStatus());
  EXPECT_EQ(worker_.Sync({id}, 0).status().code(), absl::StatusCode::kAborted);
  const v1::TrialAssignment again = next.NextGrant();  // at once: the first incarnation is proved dead
  EXPECT_EQ(again.id().trial(), id.trial());
  EXPECT_EQ(again.id().attempt(), 2);
  EXPECT_EQ(worker_.Report(worker_.Losses(id, 1, {0.5})).status(),
            absl::AbortedError("tuningJobs/job/trials/1: attempt 1 is not the current one, which is 2"));
  EXPECT_EQ(worker_.Finish(id).code(), absl::StatusCode::kAborted);
  const auto sync = next.Sync({id, again.id()}, 0, absl::ZeroDuration());
  ASSERT_EQ(sync.status(), absl::OkStatus());
  ASSERT_EQ(sync->fence_size(), 1);
  EXPECT_EQ(sync->fence(0).attempt(), 1);
  next.Complete(again.id(), {0.5});
  const v1::Trial trial = server_.GetTrial(id.trial());
  ASSERT_EQ(trial.attempts_size(), 2);
  EXPECT_EQ(trial.attempts(0).failure().kind(), v1::Failure::LOST);
}

TEST_F(WorkerServiceTest, WorkersAreListedWithWhatTheyRun) {
  worker_.NextGrant();
  v1::ListWorkersResponse list;
  ASSERT_EQ(server_.Call(server_.tuning(), &Tuning::ListWorkers, v1::ListWorkersRequest(), list), absl::OkStatus());
  ASSERT_EQ(list.workers_size(), 1);
  v1::Worker& worker = *list.mutable_workers(0);
  EXPECT_TRUE(worker.has_register_time() && worker.has_last_sync_time());
  worker.clear_register_time();
  worker.clear_last_sync_time();
  EXPECT_EQ(worker.DebugString(), Parse<v1::Worker>(R"pb(
                                    name: "workers/w"
                                    state: ONLINE
                                    host_name: "host"
                                    slots: 1
                                    device_names: "cpu"
                                    running_trials: "tuningJobs/job/trials/1"
                                    version: "0.1.0"
                                  )pb")
                                      .DebugString());
}

TEST_F(WorkerServiceTest, AWorkerThatLeavesIsOffline) {
  v1::SyncWorkerRequest leave;
  leave.set_worker(worker_.name());
  leave.set_incarnation(worker_.incarnation());
  leave.set_is_leaving(true);
  v1::SyncWorkerResponse response;
  ASSERT_EQ(server_.Call(server_.workers(), &v1::WorkerService::Stub::SyncWorker, leave, response), absl::OkStatus());
  v1::ListWorkersResponse list;
  ASSERT_EQ(server_.Call(server_.tuning(), &Tuning::ListWorkers, v1::ListWorkersRequest(), list), absl::OkStatus());
  EXPECT_EQ(list.workers(0).state(), v1::Worker::OFFLINE);
}

}  // namespace
}  // namespace pegbox
