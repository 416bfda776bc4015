#include "client/cpp/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/grpc_status.h"
#include "tests/client/fake_tuning_service.h"

namespace pegbox {
namespace {

using testing::ElementsAre;

v1::WatchTuningJobResponse EventAt(int64_t revision) {
  v1::WatchTuningJobResponse event;
  event.set_revision(revision);
  return event;
}

grpc::Status Away() { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server is stopping"); }

class ClientTest : public testing::Test {
 protected:
  void SetUp() override {
    service_.jobs.resize(1);
    service_.jobs[0].set_name("tuningJobs/a");
  }
  Client MakeClient() { return Client({.address = service_.Start()}); }

  // The revisions that a watch gets; its status in `status`.
  std::vector<int64_t> WatchRevisions(Client& client, const Client::WatchOptions& options, absl::Status& status) {
    std::vector<int64_t> revisions;
    status = client.Watch("a", options, [&](const auto& event) { revisions.push_back(event.revision()); });
    return revisions;
  }

  FakeTuningService service_;
};

TEST_F(ClientTest, ListsComeWholeWhateverThePages) {
  for (int number = 1; number <= 5; ++number) {
    service_.trials.emplace_back().set_name(absl::StrCat("tuningJobs/a/trials/", number));
    service_.measurements.emplace_back().set_trial_number(number);
  }
  service_.jobs.resize(3);
  Client client = MakeClient();
  const auto trials = client.ListTrials("a");
  ASSERT_TRUE(trials.ok()) << trials.status();
  ASSERT_EQ(trials->size(), 5);
  EXPECT_EQ(trials->back().name(), "tuningJobs/a/trials/5");
  EXPECT_EQ(client.ListTuningJobs()->size(), 3);
  EXPECT_EQ(client.ListMeasurements({"a", 1})->size(), 5);
}

TEST_F(ClientTest, StatusesKeepCodeAndMessage) {
  Client client = MakeClient();
  EXPECT_EQ(client.GetTuningJob("b").status(), absl::NotFoundError("tuningJobs/b: does not exist"));
  EXPECT_EQ(client.ListTrials("b").status(), absl::NotFoundError("tuningJobs/b: does not exist"));
  EXPECT_EQ(client.ReadTrialLog({"a", 7}, {}, [](absl::string_view) {}),
            absl::NotFoundError("tuningJobs/a/trials/7: does not exist"));
}

TEST_F(ClientTest, AServerThatIsNotThereIsUnavailableAtOnce) {
  const std::string address = service_.Start();
  service_.Stop();
  Client client({.address = address});
  EXPECT_TRUE(absl::IsUnavailable(client.ListWorkers().status()));
}

TEST_F(ClientTest, AWatchEndsWithItsJob) {
  service_.AddWatch({.events = {EventAt(1), EventAt(4)}});
  Client client = MakeClient();
  absl::Status status;
  EXPECT_THAT(WatchRevisions(client, {.since_revision = 0}, status), ElementsAre(1, 4));
  EXPECT_TRUE(status.ok()) << status;
}

TEST_F(ClientTest, ABrokenWatchGoesOnAfterTheLastRevision) {
  service_.AddWatch({.events = {EventAt(1), EventAt(4)}, .end = Away()});
  service_.AddWatch({.end = Away()});
  service_.AddWatch({.events = {EventAt(9)}});
  Client client = MakeClient();
  absl::Status status;
  int retries = 0;
  EXPECT_THAT(WatchRevisions(client, {.on_retry = [&](const absl::Status&) { ++retries; }}, status),
              ElementsAre(1, 4, 9));
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(service_.since_revisions(), ElementsAre(0, 4, 4));
  EXPECT_EQ(retries, 2);
}

TEST_F(ClientTest, AWatchGivesUpWhenItsPatienceEnds) {
  service_.AddWatch({.events = {EventAt(1)}, .end = Away()});
  Client client = MakeClient();
  absl::Status status;
  EXPECT_THAT(WatchRevisions(client, {.patience = absl::ZeroDuration()}, status), ElementsAre(1));
  EXPECT_EQ(status, absl::UnavailableError("the server is stopping"));
}

TEST_F(ClientTest, OtherErrorsEndAWatchAtOnce) {
  service_.AddWatch({.end = grpc::Status(grpc::StatusCode::NOT_FOUND, "gone")});
  Client client = MakeClient();
  absl::Status status;
  WatchRevisions(client, {}, status);
  EXPECT_EQ(status, absl::NotFoundError("gone"));
  EXPECT_EQ(service_.since_revisions().size(), 1);
}

TEST_F(ClientTest, CancelBreaksOffAWatchThatWaits) {
  service_.AddWatch({.events = {EventAt(1)}, .waits_for_stop = true});
  Client client = MakeClient();
  Cancellation cancellation;
  std::thread other([&] {
    EXPECT_TRUE(service_.AwaitWatchCalls(1));
    cancellation.Cancel();
  });
  absl::Status status;
  WatchRevisions(client, {.cancellation = &cancellation}, status);
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  other.join();
  // And every later one at its start.
  WatchRevisions(client, {.cancellation = &cancellation}, status);
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
}

TEST_F(ClientTest, CancelEndsThePauseBetweenTries) {
  service_.AddWatch({.end = Away()});
  Client client = MakeClient();
  Cancellation cancellation;
  absl::Status status;
  WatchRevisions(client, {.cancellation = &cancellation, .on_retry = [&](const auto&) { cancellation.Cancel(); }},
                 status);
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_EQ(service_.since_revisions().size(), 1);
}

TEST_F(ClientTest, LogsComeInOrder) {
  service_.trials.emplace_back().set_name("tuningJobs/a/trials/1");
  service_.log = {"one\n", "two\n"};
  Client client = MakeClient();
  std::string text;
  ASSERT_TRUE(client
                  .ReadTrialLog({"a", 1}, {.attempt = 2, .follow = true},
                                [&](absl::string_view data) { absl::StrAppend(&text, data); })
                  .ok());
  EXPECT_EQ(text, "one\ntwo\n");
  EXPECT_EQ(service_.log_request().attempt(), 2);
  EXPECT_TRUE(service_.log_request().follow());
}

TEST(GrpcStatusTest, EveryCodeGoesThereAndBack) {
  for (int code = 0; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), code == 0 ? "" : "why");
    EXPECT_EQ(FromGrpcStatus(ToGrpcStatus(status)), status);
  }
  EXPECT_EQ(FromGrpcStatus(grpc::Status(static_cast<grpc::StatusCode>(99), "odd")), absl::UnknownError("odd"));
}

}  // namespace
}  // namespace pegbox
