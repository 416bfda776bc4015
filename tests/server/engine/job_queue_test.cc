#include "server/engine/job_queue.h"

#include <thread>

#include "gtest/gtest.h"

namespace pegbox {
namespace {

TEST(JobQueueTest, KeepsOrderAndDropsRepeats) {
  JobQueue queue;
  queue.Push("a");
  queue.Push("b");
  queue.Push("a");
  EXPECT_EQ(queue.Pop(absl::ZeroDuration()), "a");
  EXPECT_EQ(queue.Pop(absl::ZeroDuration()), "b");
  EXPECT_EQ(queue.Pop(absl::ZeroDuration()), std::nullopt);
}

TEST(JobQueueTest, APoppedJobCanBePushedAgain) {
  JobQueue queue;
  queue.Push("a");
  queue.Pop(absl::ZeroDuration());
  queue.Push("a");
  EXPECT_EQ(queue.Pop(absl::ZeroDuration()), "a");
}

TEST(JobQueueTest, CloseWakesTheWaiter) {
  JobQueue queue;
  std::thread closer([&] { queue.Close(); });
  EXPECT_EQ(queue.Pop(absl::Minutes(1)), std::nullopt);
  closer.join();
  EXPECT_TRUE(queue.is_closed());
}

}  // namespace
}  // namespace pegbox
