// A program that runs trials itself, over a real server: it asks, tells and completes until the job has ended.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tests/server/rpc/test_server.h"

namespace pegbox {
namespace {

using Tuning = v1::TuningService::Stub;

class AskTellTest : public testing::Test {
 protected:
  AskTellTest() {
    v1::CreateTuningJobRequest request = ExampleRequest("job");
    request.mutable_spec()->clear_trial();
    EXPECT_FALSE(server_.Create(request).spec().has_trial());
  }

  v1::SuggestTrialsResponse Ask(const std::string& request_id = "") {
    auto request = Parse<v1::SuggestTrialsRequest>("parent: 'tuningJobs/job' client: 'notebook'");
    request.set_request_id(request_id);
    v1::SuggestTrialsResponse response;
    EXPECT_EQ(server_.Call(server_.tuning(), &Tuning::SuggestTrials, request, response), absl::OkStatus());
    return response;
  }

  template <typename Request>
  static Request About(const v1::Trial& trial, std::optional<double> loss = std::nullopt, int64_t step = 1) {
    Request request;
    request.set_name(trial.name());
    request.set_attempt(trial.attempt());
    if (!loss.has_value()) return request;
    v1::Measurement& row = *request.add_measurements();
    row.set_metric("loss");
    row.set_step(step);
    row.set_value(*loss);
    return request;
  }

  v1::ReportMeasurementsResponse Tell(const v1::Trial& trial, double loss, int64_t step) {
    v1::ReportMeasurementsResponse response;
    EXPECT_EQ(server_.Call(server_.tuning(), &Tuning::ReportMeasurements,
                           About<v1::ReportMeasurementsRequest>(trial, loss, step), response),
              absl::OkStatus());
    return response;
  }

  absl::StatusOr<v1::Trial> Complete(const v1::CompleteTrialRequest& request) {
    v1::Trial trial;
    const absl::Status status = server_.Call(server_.tuning(), &Tuning::CompleteTrial, request, trial);
    if (!status.ok()) return status;
    return trial;
  }

  TestServer server_;
};

TEST_F(AskTellTest, AWholeJobIsAskedAndTold) {
  int64_t count = 0;
  while (true) {
    const v1::SuggestTrialsResponse asked = Ask();
    if (asked.trials_size() == 0) {
      EXPECT_EQ(asked.job_state(), v1::TuningJob::COMPLETED);
      break;
    }
    const v1::Trial& trial = asked.trials(0);
    EXPECT_EQ(trial.state(), v1::Trial::RUNNING);
    EXPECT_EQ(trial.client(), "notebook");
    EXPECT_EQ(trial.worker(), "");
    const double x = trial.parameters().at("x").double_value();
    const v1::ReportMeasurementsResponse told = Tell(trial, 1 + x * x, 1);
    EXPECT_EQ(told.directive(), v1::ReportMeasurementsResponse::CONTINUE);
    EXPECT_EQ(told.new_measurements(), 1);
    const auto completed = Complete(About<v1::CompleteTrialRequest>(trial, x * x, 2));
    ASSERT_EQ(completed.status(), absl::OkStatus());
    EXPECT_EQ(completed->state(), v1::Trial::COMPLETED);
    EXPECT_EQ(completed->value(), x * x);
    EXPECT_EQ(completed->best_step(), 2);
    ++count;
  }
  EXPECT_EQ(count, 3);
  const v1::TuningJob job = server_.Get("job");
  EXPECT_EQ(job.trial_counts().completed(), 3);
  v1::GetBestTrialRequest request;
  request.set_parent(job.name());
  v1::GetBestTrialResponse best;
  EXPECT_EQ(server_.Call(server_.tuning(), &Tuning::GetBestTrial, request, best), absl::OkStatus());
  EXPECT_EQ(best.best_trial().name(), job.best_trial());
  EXPECT_EQ(best.recommended_trial().name(), job.best_trial()) << "a random search recommends nothing else";
  EXPECT_EQ(best.explanation(), "the best value observed is the one to trust");
}

TEST_F(AskTellTest, ALostReplyIsMadeGoodByTheSameRequest) {
  const v1::SuggestTrialsResponse lost = Ask("r1");
  ASSERT_EQ(lost.trials_size(), 1);
  EXPECT_EQ(Ask("r1").trials(0).name(), lost.trials(0).name());
  EXPECT_EQ(Ask("r1").trials(0).attempt(), 1);
}

TEST_F(AskTellTest, ACallThatWaitsIsAnsweredBeforeItsDeadline) {
  ASSERT_EQ(Ask().trials_size(), 1) << "of one at a time";
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(2)));
  v1::SuggestTrialsResponse response;
  const auto request = Parse<v1::SuggestTrialsRequest>("parent: 'tuningJobs/job' client: 'other'");
  EXPECT_EQ(FromGrpcStatus(server_.tuning().SuggestTrials(&context, request, &response)), absl::OkStatus());
  EXPECT_EQ(response.trials_size(), 0);
  EXPECT_EQ(response.job_state(), v1::TuningJob::RUNNING);
}

TEST_F(AskTellTest, AStopIsTheDirective) {
  const v1::Trial trial = Ask().trials(0);
  v1::Trial stopped;
  v1::StopTrialRequest stop;
  stop.set_name(trial.name());
  ASSERT_EQ(server_.Call(server_.tuning(), &Tuning::StopTrial, stop, stopped), absl::OkStatus());
  const v1::ReportMeasurementsResponse told = Tell(trial, 0.5, 1);
  EXPECT_EQ(told.directive(), v1::ReportMeasurementsResponse::STOP);
  EXPECT_EQ(told.stop().rule(), "user");
  EXPECT_EQ(Complete(About<v1::CompleteTrialRequest>(trial))->state(), v1::Trial::CANCELED);
}

TEST_F(AskTellTest, AFailureIsKeptWithItsKindAndClient) {
  const v1::Trial trial = Ask().trials(0);
  auto request = About<v1::CompleteTrialRequest>(trial);
  request.mutable_failure()->set_kind(v1::Failure::OUT_OF_MEMORY);
  request.mutable_failure()->set_detail("CUDA out of memory");
  EXPECT_EQ(Complete(request)->failure().detail(), "CUDA out of memory");
  const v1::Trial stored = server_.GetTrial(trial.name());
  EXPECT_EQ(stored.state(), v1::Trial::FAILED);
  EXPECT_EQ(stored.attempts(0).client(), "notebook");
  EXPECT_EQ(stored.attempts(0).failure().kind(), v1::Failure::OUT_OF_MEMORY);
}

TEST_F(AskTellTest, AnotherAttemptIsAborted) {
  auto request = About<v1::CompleteTrialRequest>(Ask().trials(0), 0.5);
  request.set_attempt(2);
  EXPECT_EQ(Complete(request).status(),
            absl::AbortedError("tuningJobs/job/trials/1: attempt 2 is not the current one, which is 1"));
  EXPECT_FALSE(server_.GetTrial(request.name()).has_value());
}

}  // namespace
}  // namespace pegbox
