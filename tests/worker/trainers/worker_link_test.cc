#include "worker/trainers/worker_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <sstream>
#include <thread>

#include "tests/worker/trainers/scratch_directory.h"
#include "tests/worker/trainers/worker_end.h"
#include "worker/trainers/reporter.h"

namespace pegbox::trainer {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::string_view kContinue = R"({"directive":"CONTINUE"})";
constexpr absl::string_view kStop = R"({"directive":"STOP","reason":"median rule"})";

class WorkerLinkTest : public ::testing::Test {
 protected:
  const ScratchDirectory scratch_;
  WorkerEnd worker_{scratch_.File("trial.sock")};
};

TEST_F(WorkerLinkTest, SendDeliversTheLineAndReadsTheReply) {
  WorkerLink link(worker_.path());
  ASSERT_TRUE(worker_.Accept());
  std::thread worker([&] {
    EXPECT_EQ(worker_.ReadLine(), "hello");
    EXPECT_TRUE(worker_.WriteLine(kContinue));
  });
  EXPECT_TRUE(link.Send("hello"));
  worker.join();
  EXPECT_EQ(link.PollStop(), std::nullopt);
}

TEST_F(WorkerLinkTest, AReplyOfStopIsSeenAfterSendAndStays) {
  WorkerLink link(worker_.path());
  ASSERT_TRUE(worker_.Accept());
  std::thread worker([&] {
    worker_.ReadLine();
    EXPECT_TRUE(worker_.WriteLine(kStop));
  });
  EXPECT_TRUE(link.Send("report"));
  worker.join();
  EXPECT_EQ(link.PollStop(), "median rule");
  EXPECT_EQ(link.PollStop(), "median rule");
}

TEST_F(WorkerLinkTest, AnUnaskedStopIsSeenByPolling) {
  WorkerLink link(worker_.path());
  ASSERT_TRUE(worker_.Accept());
  EXPECT_EQ(link.PollStop(), std::nullopt);
  EXPECT_TRUE(worker_.WriteLine(kStop));
  EXPECT_EQ(link.PollStop(), "median rule");
}

TEST_F(WorkerLinkTest, AStopWithoutReasonStops) {
  WorkerLink link(worker_.path());
  ASSERT_TRUE(worker_.Accept());
  EXPECT_TRUE(worker_.WriteLine(R"({"directive":"STOP"})"));
  EXPECT_EQ(link.PollStop(), "no reason given");
}

TEST_F(WorkerLinkTest, LinesThatAreNoDirectivesAreIgnored) {
  WorkerLink link(worker_.path());
  ASSERT_TRUE(worker_.Accept());
  for (const char* line : {"", "STOP", "[]", "{}", R"({"directive":1})", R"({"directive":"DANCE"})"}) {
    EXPECT_TRUE(worker_.WriteLine(line));
    EXPECT_EQ(link.PollStop(), std::nullopt) << line;
  }
}

TEST_F(WorkerLinkTest, ASilentWorkerIsWaitedForOnceOnly) {
  const auto timeout = std::chrono::milliseconds(500);
  WorkerLink link(worker_.path(), timeout);
  ASSERT_TRUE(worker_.Accept());
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(link.Send("report"));
  const auto spent = std::chrono::steady_clock::now() - start;
  EXPECT_GE(spent, timeout);
  EXPECT_LT(spent, 10 * timeout);
}

TEST_F(WorkerLinkTest, AWorkerThatNeverReadsDoesNotBlockTheTrial) {
  WorkerLink link(worker_.path(), std::chrono::milliseconds(10));
  ASSERT_TRUE(worker_.Accept());
  const std::string line(1 << 20, 'x');  // more than the socket's buffer
  EXPECT_FALSE(link.Send(line));
}

TEST_F(WorkerLinkTest, AWorkerThatHungUpIsCalledAgain) {
  WorkerLink link(worker_.path());
  ASSERT_TRUE(worker_.Accept());
  worker_.HangUp();
  std::thread worker([&] {
    ASSERT_TRUE(worker_.Accept());
    EXPECT_EQ(worker_.ReadLine(), "second");
    EXPECT_TRUE(worker_.WriteLine(kContinue));
  });
  EXPECT_TRUE(link.Send("second"));
  worker.join();
}

TEST_F(WorkerLinkTest, HangingUpBeforeTheReplyIsNotDelivered) {
  WorkerLink link(worker_.path());
  ASSERT_TRUE(worker_.Accept());
  std::thread worker([&] {
    worker_.ReadLine();
    worker_.HangUp();
  });
  EXPECT_FALSE(link.Send("report"));
  worker.join();
}

TEST_F(WorkerLinkTest, NoSocketAndALongPathAreNoErrors) {
  for (const std::string& path : {scratch_.File("absent.sock"), std::string(500, 'x')}) {
    WorkerLink link(path);
    EXPECT_FALSE(link.Send("report"));
    EXPECT_EQ(link.PollStop(), std::nullopt);
  }
}

TEST_F(WorkerLinkTest, ReporterSendsOverTheSocketAndNotOnStandardOutput) {
  std::ostringstream out;
  Reporter reporter(std::make_unique<WorkerLink>(worker_.path()), out);
  ASSERT_TRUE(worker_.Accept());
  std::thread worker([&] {
    EXPECT_EQ(worker_.ReadLine(), R"({"step":2,"metrics":{"a":0.5},"checkpoint":true})");
    EXPECT_TRUE(worker_.WriteLine(kContinue));
  });
  reporter.Send("epoch 2/5", {2, {{"a", 0.5}}, true});
  worker.join();
  EXPECT_EQ(out.str(), "epoch 2/5 a=0.5000\n");
}

TEST_F(WorkerLinkTest, ReporterPrintsMetricLinesWhenThereIsNoWorker) {
  std::ostringstream out;
  Reporter without_link(nullptr, out);
  without_link.Send("epoch 1/5", {1, {{"a", 0.5}}, false});
  Reporter without_worker(std::make_unique<WorkerLink>(scratch_.File("absent.sock")), out);
  without_worker.Send("epoch 2/5", {2, {{"a", 0.5}}, false});
  EXPECT_EQ(out.str(),
            "epoch 1/5 a=0.5000\nPEGBOX_METRICS {\"step\":1,\"metrics\":{\"a\":0.5}}\n"
            "epoch 2/5 a=0.5000\nPEGBOX_METRICS {\"step\":2,\"metrics\":{\"a\":0.5}}\n");
}

}  // namespace
}  // namespace pegbox::trainer
