// Jobs and trials over a real server: create, read, list, change, stop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/contract/store_samples.h"
#include "tests/server/rpc/fake_worker.h"
#include "tests/server/rpc/test_server.h"

namespace pegbox {
namespace {

using Stub = v1::TuningService::Stub;
using testing::ElementsAre;
using testing::HasSubstr;

absl::Status TryCreate(TestServer& server, const v1::CreateTuningJobRequest& request) {
  v1::TuningJob job;
  return server.Call(server.tuning(), &Stub::CreateTuningJob, request, job);
}

TEST(TuningServiceTest, CreatedJobIsShownWithItsDefaults) {
  TestServer server(TestServer::Engine::kStill);
  v1::CreateTuningJobRequest request = ExampleRequest("");
  request.mutable_spec()->clear_strategy();
  const v1::TuningJob job = server.Create(request);
  EXPECT_EQ(job.name(), "tuningJobs/bowl-1");
  EXPECT_EQ(job.state(), v1::TuningJob::RUNNING);
  EXPECT_EQ(job.spec().max_parallel_jobs(), 1);
  EXPECT_EQ(job.spec().trial().grace_period().seconds(), 10);
  EXPECT_EQ(job.spec().strategy().algorithm(), v1::Strategy::BAYESIAN);
  EXPECT_TRUE(job.spec().strategy().has_seed());
  EXPECT_FALSE(job.spec().has_max_runtime());
  EXPECT_FALSE(job.has_end_time());
  EXPECT_EQ(job.best_trial(), "");
  EXPECT_EQ(server.Get("bowl-1").DebugString(), job.DebugString());
}

TEST(TuningServiceTest, RepeatedCreateAnswersWithTheFirstJob) {
  TestServer server(TestServer::Engine::kStill);
  v1::CreateTuningJobRequest request = ExampleRequest("");
  request.mutable_spec()->mutable_strategy()->clear_seed();
  request.set_request_id("once");
  const v1::TuningJob job = server.Create(request);
  const int64_t revision = server.Revision();
  EXPECT_EQ(server.Create(request).DebugString(), job.DebugString());
  request.mutable_spec()->set_max_jobs(4);
  const absl::Status other = TryCreate(server, request);
  EXPECT_EQ(other, absl::AlreadyExistsError("request_id: \"once\" was used for another job, tuningJobs/bowl-1; use a "
                                            "new one for a new job"));
  EXPECT_EQ(server.Revision(), revision);
}

TEST(TuningServiceTest, TakenIdIsRejected) {
  TestServer server(TestServer::Engine::kStill);
  server.Create(ExampleRequest("job"));
  EXPECT_EQ(TryCreate(server, ExampleRequest("job")),
            absl::AlreadyExistsError("tuning_job_id: tuningJobs/job exists; choose another id or leave it empty"));
}

TEST(TuningServiceTest, PagesOfJobsHoldEachJobOnceNewestFirst) {
  TestServer server(TestServer::Engine::kStill);
  for (int i = 0; i < 5; ++i) server.Create(ExampleRequest(absl::StrCat("job-", i)));
  v1::ListTuningJobsRequest request;
  request.set_page_size(2);
  std::vector<std::string> names;
  std::vector<int> sizes;
  do {
    v1::ListTuningJobsResponse page;
    ASSERT_EQ(server.Call(server.tuning(), &Stub::ListTuningJobs, request, page), absl::OkStatus());
    for (const v1::TuningJob& job : page.tuning_jobs()) names.push_back(job.name());
    sizes.push_back(page.tuning_jobs_size());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(names, ElementsAre("tuningJobs/job-4", "tuningJobs/job-3", "tuningJobs/job-2", "tuningJobs/job-1",
                                 "tuningJobs/job-0"));
  EXPECT_THAT(sizes, ElementsAre(2, 2, 1));
}

TEST(TuningServiceTest, PagesOfLargeJobsStayBelowWhatClientsTake) {
  TestServer server(TestServer::Engine::kStill);
  v1::CreateTuningJobRequest large = ExampleRequest("");
  for (int i = 0; i < 6; ++i)
    (*large.mutable_spec()->mutable_trial()->mutable_environment())[absl::StrCat("V", i)] = std::string(10'000, 'v');
  for (int i = 0; i < 64; ++i) server.Create(large);
  v1::ListTuningJobsRequest request;
  request.set_page_size(1000);
  int jobs = 0, pages = 0;
  do {
    v1::ListTuningJobsResponse page;
    ASSERT_EQ(server.Call(server.tuning(), &Stub::ListTuningJobs, request, page), absl::OkStatus());
    jobs += page.tuning_jobs_size();
    ++pages;
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(jobs, 64);
  EXPECT_EQ(pages, 2);
}

// A job that has ended, with 25 trials; trial n has the value n % 10.
void PutEndedJob(TestServer& server, const std::string& id) {
  ASSERT_EQ(server.store().Write(Store::Priority::kState,
                                 [&](Transaction& tx) -> absl::Status {
                                   TuningJob job = SampleJob(id);
                                   job.state = JobState::kCompleted;
                                   job.end_reason = EndReason::kMaxJobs;
                                   EXPECT_EQ(tx.PutTuningJob(job), absl::OkStatus());
                                   for (int64_t n = 1; n <= 25; ++n) {
                                     const Trial trial = Running(SampleTrial(id, n));
                                     EXPECT_EQ(tx.PutTrial(WithValue(trial, static_cast<double>(n % 10))),
                                               absl::OkStatus());
                                   }
                                   return absl::OkStatus();
                                 }),
            absl::OkStatus());
}

std::vector<std::string> ListAll(TestServer& server, v1::ListTrialsRequest request) {
  std::vector<std::string> names;
  do {
    v1::ListTrialsResponse page;
    const absl::Status status = server.Call(server.tuning(), &Stub::ListTrials, request, page);
    EXPECT_EQ(status, absl::OkStatus());
    if (!status.ok()) break;
    for (const v1::Trial& trial : page.trials()) names.push_back(trial.name().substr(sizeof("tuningJobs/job/trials")));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return names;
}

TEST(TuningServiceTest, PagesOfTrialsFollowStatesAndOrder) {
  TestServer server(TestServer::Engine::kStill);
  PutEndedJob(server, "job");
  auto request = Parse<v1::ListTrialsRequest>("parent: 'tuningJobs/job' page_size: 7");
  std::vector<std::string> numbers;
  for (int n = 1; n <= 25; ++n) numbers.push_back(absl::StrCat(n));
  EXPECT_EQ(ListAll(server, request), numbers);
  request.set_order(v1::ListTrialsRequest::BEST_FIRST);  // the sample job maximises
  std::vector<std::string> best_first = ListAll(server, request);
  EXPECT_EQ(best_first.size(), 25u);
  best_first.resize(5);
  EXPECT_THAT(best_first, ElementsAre("9", "19", "8", "18", "7"));
  request.add_states(v1::Trial::FAILED);
  EXPECT_THAT(ListAll(server, request), ElementsAre());
  request.add_states(v1::Trial::COMPLETED);
  EXPECT_EQ(ListAll(server, request).size(), 25u);
}

TEST(TuningServiceTest, ATokenServesOnlyItsOwnList) {
  TestServer server(TestServer::Engine::kStill);
  PutEndedJob(server, "job");
  auto request = Parse<v1::ListTrialsRequest>("parent: 'tuningJobs/job' page_size: 7");
  v1::ListTrialsResponse page;
  ASSERT_EQ(server.Call(server.tuning(), &Stub::ListTrials, request, page), absl::OkStatus());
  const std::string token = page.next_page_token();
  const auto with_token = [&](v1::ListTrialsRequest changed, std::string changed_token) {
    changed.set_page_token(std::move(changed_token));
    return server.Call(server.tuning(), &Stub::ListTrials, changed, page);
  };
  request.set_page_size(3);  // another size is no other list
  EXPECT_EQ(with_token(request, token), absl::OkStatus());
  for (size_t i = 0; i < token.size(); ++i) {
    std::string tampered = token;
    tampered[i] = tampered[i] == 'A' ? 'B' : 'A';
    const absl::Status status = with_token(request, tampered);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << tampered;
    EXPECT_THAT(std::string(status.message()), HasSubstr("page_token: must be the next_page_token"));
  }
  request.set_order(v1::ListTrialsRequest::BEST_FIRST);
  EXPECT_EQ(with_token(request, token).code(), absl::StatusCode::kInvalidArgument);
}

TEST(TuningServiceTest, LimitsOfALiveJobCanBeChanged) {
  TestServer server(TestServer::Engine::kStill);
  server.Create(ExampleRequest("job"));
  v1::TuningJob job;
  const auto update = Parse<v1::UpdateTuningJobRequest>(
      "name: 'tuningJobs/job' max_jobs: 9 max_parallel_jobs: 4 max_runtime { seconds: 60 }");
  EXPECT_EQ(server.Call(server.tuning(), &Stub::UpdateTuningJob, update, job), absl::OkStatus());
  EXPECT_EQ(job.spec().max_jobs(), 9);
  EXPECT_EQ(job.spec().max_parallel_jobs(), 4);
  EXPECT_EQ(job.spec().max_runtime().seconds(), 60);
  const auto nothing = Parse<v1::UpdateTuningJobRequest>("name: 'tuningJobs/job'");
  const int64_t revision = server.Revision();
  EXPECT_EQ(server.Call(server.tuning(), &Stub::UpdateTuningJob, nothing, job), absl::OkStatus());
  EXPECT_EQ(job.spec().max_jobs(), 9);
  EXPECT_EQ(server.Revision(), revision);
}

TEST(TuningServiceTest, PausedJobGoesOnAfterResume) {
  TestServer server(TestServer::Engine::kStill);
  server.Create(ExampleRequest("job"));
  v1::TuningJob job;
  const auto pause = Parse<v1::PauseTuningJobRequest>("name: 'tuningJobs/job'");
  EXPECT_EQ(server.Call(server.tuning(), &Stub::PauseTuningJob, pause, job), absl::OkStatus());
  EXPECT_EQ(job.state(), v1::TuningJob::PAUSED);
  const auto resume = Parse<v1::ResumeTuningJobRequest>("name: 'tuningJobs/job'");
  EXPECT_EQ(server.Call(server.tuning(), &Stub::ResumeTuningJob, resume, job), absl::OkStatus());
  EXPECT_EQ(job.state(), v1::TuningJob::RUNNING);
}

TEST(TuningServiceTest, StoppedJobEndsAndTakesNoChange) {
  TestServer server;
  server.Create(ExampleRequest("job"));
  server.Stop("job");
  EXPECT_EQ(server.WatchToEnd("job").back().tuning_job().state(), v1::TuningJob::STOPPED);
  const v1::TuningJob job = server.Stop("job");  // harmless
  EXPECT_EQ(job.end_reason(), v1::TuningJob::USER);
  EXPECT_TRUE(job.has_end_time());
  v1::TuningJob ignored;
  const auto update = Parse<v1::UpdateTuningJobRequest>("name: 'tuningJobs/job' max_jobs: 9");
  EXPECT_EQ(server.Call(server.tuning(), &Stub::UpdateTuningJob, update, ignored),
            absl::FailedPreconditionError("tuningJobs/job is STOPPED; only a running or paused job can be changed"));
  const auto pause = Parse<v1::PauseTuningJobRequest>("name: 'tuningJobs/job'");
  EXPECT_EQ(server.Call(server.tuning(), &Stub::PauseTuningJob, pause, ignored),
            absl::FailedPreconditionError("tuningJobs/job: must be RUNNING or PAUSED; it is STOPPED"));
}

TEST(TuningServiceTest, MessagesBeyondOneMebibyteAreRefused) {
  TestServer server(TestServer::Engine::kStill);
  v1::CreateTuningJobRequest request = ExampleRequest("job");
  request.mutable_spec()->mutable_trial()->add_command(std::string((1 << 20) + 1, 'a'));
  EXPECT_EQ(TryCreate(server, request).code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace pegbox
