// WatchTuningJob and ReadTrialLog: everything is told once, a broken stream is taken up again, and nobody waits for
// ever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "tests/contract/store_samples.h"
#include "tests/server/rpc/fake_worker.h"
#include "tests/server/rpc/test_server.h"

namespace pegbox {
namespace {

using Responses = std::vector<v1::WatchTuningJobResponse>;

v1::WatchTuningJobRequest WatchRequest(const std::string& job_id, int64_t since_revision = 0) {
  v1::WatchTuningJobRequest request;
  request.set_name(TuningJobName(job_id));
  request.set_since_revision(since_revision);
  return request;
}

std::set<std::string> KeysOf(const Responses& responses) {
  std::set<std::string> keys;
  for (const v1::WatchTuningJobResponse& response : responses) {
    for (const v1::TrialMeasurement& row : response.measurements()) {
      const bool is_new = keys.insert(absl::StrCat(row.trial_number(), " ", row.measurement().step())).second;
      EXPECT_TRUE(is_new) << row.DebugString();
    }
  }
  return keys;
}

TEST(WatchTest, TellsAWholeJob) {
  TestServer server;
  server.Create(ExampleRequest("job"));
  Responses responses;
  std::thread watch([&] { responses = server.WatchToEnd("job"); });
  FakeWorker worker(server, "w");
  ASSERT_EQ(worker.Register(), absl::OkStatus());
  for (int i = 0; i < 3; ++i) worker.Complete(worker.NextGrant().id(), {3.0 - i, 2.0 - i});
  watch.join();
  std::map<std::string, v1::Trial::State> states;
  v1::TuningJob last;
  int64_t revision = 0;
  for (const v1::WatchTuningJobResponse& response : responses) {
    EXPECT_GE(response.revision(), revision);
    revision = response.revision();
    for (const v1::Trial& trial : response.trials()) states[trial.name()] = trial.state();
    if (response.has_tuning_job()) last = response.tuning_job();
  }
  EXPECT_EQ(KeysOf(responses).size(), 6u);
  EXPECT_EQ(states.size(), 3u);
  for (const auto& [name, state] : states) EXPECT_EQ(state, v1::Trial::COMPLETED) << name;
  EXPECT_EQ(last.state(), v1::TuningJob::COMPLETED);
  EXPECT_EQ(last.end_reason(), v1::TuningJob::MAX_JOBS);
  EXPECT_EQ(last.best_trial(), "tuningJobs/job/trials/3");

  EXPECT_EQ(server.WatchToEnd("job", revision).size(), 0u) << "all was told";
  const Responses again = server.WatchToEnd("job");
  EXPECT_EQ(KeysOf(again), KeysOf(responses));
  EXPECT_EQ(again.back().tuning_job().DebugString(), last.DebugString());
}

// A job that has ended, with 1,200 trials and ten measurements each.
void PutLargeJob(TestServer& server) {
  for (int64_t first = 1; first <= 1200; first += 100) {
    const auto put = [&](Transaction& tx) -> absl::Status {
      TuningJob job = SampleJob("large");
      job.state = JobState::kCompleted;
      job.end_reason = EndReason::kMaxJobs;
      EXPECT_EQ(tx.PutTuningJob(job), absl::OkStatus());
      for (int64_t n = first; n < first + 100; ++n) {
        EXPECT_EQ(tx.PutTrial(WithValue(Running(SampleTrial("large", n)), 0.5)), absl::OkStatus());
        std::vector<Measurement> rows;
        for (int64_t step = 1; step <= 10; ++step) rows.push_back(SampleMeasurement("loss", step, 0.5));
        EXPECT_TRUE(tx.InsertMeasurements({"large", n}, 1, rows).ok());
      }
      return absl::OkStatus();
    };
    ASSERT_EQ(server.store().Write(Store::Priority::kState, put), absl::OkStatus());
  }
}

TEST(WatchTest, LargeAnswersComeInPartsThatCanBeTakenUpAgain) {
  TestServer server(TestServer::Engine::kStill);
  PutLargeJob(server);
  const Responses whole = server.WatchToEnd("large");
  EXPECT_GT(whole.size(), 6u);
  EXPECT_EQ(whole.front().revision(), 0) << "a stream that breaks here begins anew";
  EXPECT_EQ(whole.back().revision(), server.Revision());
  for (const v1::WatchTuningJobResponse& part : whole) {
    EXPECT_LE(part.trials_size(), 500);
    EXPECT_LE(part.measurements_size(), 2000);
  }
  const std::set<std::string> all = KeysOf(whole);
  EXPECT_EQ(all.size(), 12'000u);

  for (size_t kept = 1; kept < whole.size(); ++kept) {
    std::set<std::string> trials, keys;
    Responses parts(whole.begin(), whole.begin() + kept);
    const Responses rest = server.WatchToEnd("large", whole[kept - 1].revision());
    parts.insert(parts.end(), rest.begin(), rest.end());
    for (const v1::WatchTuningJobResponse& part : parts) {
      for (const v1::Trial& trial : part.trials()) trials.insert(trial.name());
      for (const v1::TrialMeasurement& row : part.measurements()) {
        keys.insert(absl::StrCat(row.trial_number(), " ", row.measurement().step()));
      }
    }
    EXPECT_EQ(trials.size(), 1200u) << "broken off after " << kept;
    EXPECT_EQ(keys, all) << "broken off after " << kept;
  }
}

TEST(WatchTest, AClientThatHasGoneIsNoticed) {
  TestServer server(TestServer::Engine::kStill);
  server.Create(ExampleRequest("job"));
  grpc::ClientContext context;
  const auto stream = server.tuning().WatchTuningJob(&context, WatchRequest("job"));
  v1::WatchTuningJobResponse response;
  ASSERT_TRUE(stream->Read(&response));
  context.TryCancel();
  EXPECT_EQ(FromGrpcStatus(stream->Finish()).code(), absl::StatusCode::kCancelled);
  // The engine still runs: nothing but the cancellation can end the server's part.
  const absl::Time start = absl::Now();
  server.rpc().Stop(absl::Seconds(30));
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST(WatchTest, AStoppingServerSaysSo) {
  TestServer server(TestServer::Engine::kStill);
  server.Create(ExampleRequest("job"));
  grpc::ClientContext context;
  const auto stream = server.tuning().WatchTuningJob(&context, WatchRequest("job"));
  v1::WatchTuningJobResponse response;
  ASSERT_TRUE(stream->Read(&response));
  server.engine().Stop();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(FromGrpcStatus(stream->Finish()), absl::UnavailableError("the server is stopping; try again later"));
}

struct Log {
  absl::Status status;
  std::string text;
};

Log ReadLog(TestServer& server, const std::string& request_text, absl::Notification* first_piece = nullptr) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  const auto stream = server.tuning().ReadTrialLog(&context, Parse<v1::ReadTrialLogRequest>(request_text));
  Log log;
  for (v1::ReadTrialLogResponse piece; stream->Read(&piece);) {
    EXPECT_LE(piece.data().size(), size_t{64} << 10);
    EXPECT_EQ(piece.offset(), static_cast<int64_t>(log.text.size()));
    log.text += piece.data();
    if (first_piece != nullptr && !first_piece->HasBeenNotified()) first_piece->Notify();
  }
  log.status = FromGrpcStatus(stream->Finish());
  return log;
}

void SendLog(FakeWorker& worker, const v1::AttemptId& id, int64_t offset, const std::string& data) {
  v1::ReportTrialRequest request = worker.Message(id);
  request.set_log_offset(offset);
  request.set_log_data(data);
  const absl::StatusOr<v1::ReportTrialResponse> response = worker.Report(request);
  ASSERT_EQ(response.status(), absl::OkStatus());
  EXPECT_EQ(response->log_size(), offset + static_cast<int64_t>(data.size()));
}

TEST(TrialLogStreamTest, FollowsUntilTheAttemptEnds) {
  TestServer server;
  server.Create(ExampleRequest("job"));
  FakeWorker worker(server, "w");
  ASSERT_EQ(worker.Register(), absl::OkStatus());
  absl::Notification first_piece;
  Log followed;
  // From before there is an attempt, or even a trial that runs.
  const v1::TrialAssignment grant = worker.NextGrant();
  std::thread follower(
      [&] { followed = ReadLog(server, "name: 'tuningJobs/job/trials/1' follow: true", &first_piece); });
  SendLog(worker, grant.id(), 0, std::string(60'000, 'a'));
  first_piece.WaitForNotification();
  SendLog(worker, grant.id(), 60'000, std::string(60'000, 'b'));
  const Log so_far = ReadLog(server, "name: 'tuningJobs/job/trials/1'");
  EXPECT_EQ(so_far.status, absl::OkStatus());
  EXPECT_EQ(so_far.text, std::string(60'000, 'a') + std::string(60'000, 'b'));
  SendLog(worker, grant.id(), 120'000, "end\n");
  worker.Complete(grant.id(), {1.0});
  follower.join();
  EXPECT_EQ(followed.status, absl::OkStatus());
  EXPECT_EQ(followed.text, so_far.text + "end\n");
}

TEST(TrialLogStreamTest, AnAttemptThatIsNotThereIsNotFound) {
  TestServer server;
  server.Create(ExampleRequest("job"));
  FakeWorker worker(server, "w");
  ASSERT_EQ(worker.Register(), absl::OkStatus());
  worker.Complete(worker.NextGrant().id(), {1.0});
  EXPECT_EQ(ReadLog(server, "name: 'tuningJobs/job/trials/1' attempt: 2 follow: true").status,
            absl::NotFoundError("tuningJobs/job/trials/1 has no attempt 2; its last is 1"));
  EXPECT_EQ(ReadLog(server, "name: 'tuningJobs/job/trials/1' attempt: 1 follow: true").status, absl::OkStatus());
}

TEST(TrialLogStreamTest, AQueuedTrialIsWaitedForOnlyWhenFollowed) {
  TestServer server;
  server.Create(ExampleRequest("job"));
  Log followed;
  FakeWorker worker(server, "w");
  ASSERT_EQ(worker.Register(), absl::OkStatus());
  worker.Complete(worker.NextGrant().id(), {1.0});
  // The second trial is queued at once; no worker asks.
  v1::Trial second;
  const auto request = Parse<v1::GetTrialRequest>("name: 'tuningJobs/job/trials/2'");
  while (!server.Call(server.tuning(), &v1::TuningService::Stub::GetTrial, request, second).ok()) {
  }
  EXPECT_EQ(ReadLog(server, "name: 'tuningJobs/job/trials/2'").status,
            absl::NotFoundError("tuningJobs/job/trials/2 has no attempt yet"));
  std::thread follower([&] { followed = ReadLog(server, "name: 'tuningJobs/job/trials/2' follow: true"); });
  const v1::TrialAssignment grant = worker.NextGrant();
  SendLog(worker, grant.id(), 0, "hello\n");
  worker.Complete(grant.id(), {1.0});
  follower.join();
  EXPECT_EQ(followed.status, absl::OkStatus());
  EXPECT_EQ(followed.text, "hello\n");
}

}  // namespace
}  // namespace pegbox
