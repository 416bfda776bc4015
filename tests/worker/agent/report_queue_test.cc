#include "worker/agent/report_queue.h"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "tests/worker/agent/temporary_folder.h"

namespace pegbox::worker {
namespace {

using ::testing::SizeIs;

const absl::Time kNow = absl::UnixEpoch() + absl::Seconds(1700000000);

Report LossReport(int64_t step, double value) { return {.step = step, .measurements = {{"loss", step, value}}}; }

class ReportQueueTest : public testing::Test {
 protected:
  std::string SpoolPath() const { return folder_.path() + "/spool"; }

  // Takes everything out, `batch` rows at a time.
  static std::vector<ReportRow> TakeAll(ReportQueue& queue, size_t batch) {
    std::vector<ReportRow> rows;
    while (!queue.empty()) {
      ReportMessage message;
      queue.Peek(batch, message);
      rows.insert(rows.end(), message.rows.begin(), message.rows.end());
      queue.Remove(message);
    }
    return rows;
  }

  TemporaryFolder folder_;
};

TEST_F(ReportQueueTest, RowsComeOutInOrderAndStayUntilTheyAreRemoved) {
  ReportQueue queue(SpoolPath(), "loss", {});
  for (int step = 1; step <= 3; ++step) queue.Add(LossReport(step, 0.5 * step), kNow);
  ReportMessage first;
  queue.Peek(2, first);
  ReportMessage again;
  queue.Peek(2, again);
  ASSERT_THAT(first.rows, SizeIs(2));
  EXPECT_EQ(first.rows[1].measurement, (Measurement{"loss", 2, 1.0}));
  EXPECT_EQ(first.rows[1].report_time, kNow);
  EXPECT_THAT(again.rows, SizeIs(2));
  queue.Remove(first);
  EXPECT_EQ(queue.added_rows(), 3);
  EXPECT_EQ(queue.removed_rows(), 2);
  EXPECT_FALSE(queue.empty());
  EXPECT_THAT(TakeAll(queue, 10), SizeIs(1));
  EXPECT_FALSE(std::filesystem::exists(SpoolPath()));
}

TEST_F(ReportQueueTest, OnlyTheNewestCheckpointIsSentAndOneThatCameMeanwhileStays) {
  ReportQueue queue(SpoolPath(), "loss", {});
  queue.Add({.step = 1, .measurements = {}, .checkpoint = true}, kNow);
  queue.Add({.step = 2, .measurements = {}, .checkpoint = true}, kNow);
  ReportMessage message;
  queue.Peek(10, message);
  EXPECT_EQ(message.checkpoint_step, 2);
  queue.Add({.step = 3, .measurements = {}, .checkpoint = true}, kNow);
  queue.Remove(message);
  EXPECT_TRUE(queue.has_checkpoint());
  queue.Peek(10, message);
  EXPECT_EQ(message.checkpoint_step, 3);
  queue.Remove(message);
  EXPECT_TRUE(queue.empty());
}

TEST_F(ReportQueueTest, RowsBeyondMemoryComeBackFromTheSpoolUnchanged) {
  const double odd[] = {0.1,
                        -0.0,
                        5e-324,
                        std::numeric_limits<double>::max(),
                        std::numeric_limits<double>::infinity(),
                        -std::numeric_limits<double>::infinity(),
                        std::numeric_limits<double>::quiet_NaN(),
                        1.0 / 3};
  ReportQueue queue(SpoolPath(), "loss", {.memory_rows = 3});
  for (int64_t step = 0; step < 100; ++step) queue.Add(LossReport(step, odd[step % 8]), kNow + absl::Seconds(step));
  EXPECT_TRUE(std::filesystem::exists(SpoolPath()));
  const std::vector<ReportRow> rows = TakeAll(queue, 2);
  ASSERT_THAT(rows, SizeIs(100));
  for (int64_t step = 0; step < 100; ++step) {
    const ReportRow& row = rows[static_cast<size_t>(step)];
    EXPECT_EQ(row.measurement.step, step);
    EXPECT_EQ(row.report_time, kNow + absl::Seconds(step));
    const double expected = odd[step % 8];
    EXPECT_TRUE(std::isnan(expected) ? std::isnan(row.measurement.value) : row.measurement.value == expected);
    EXPECT_EQ(std::signbit(row.measurement.value), std::signbit(expected));
  }
  EXPECT_EQ(queue.removed_rows(), 100);
}

TEST_F(ReportQueueTest, RowsMayComeWhileTheSpoolIsReadBack) {
  ReportQueue queue(SpoolPath(), "loss", {.memory_rows = 2});
  std::vector<int64_t> steps;
  int64_t next = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 3; ++i) queue.Add(LossReport(next++, 1), kNow);
    ReportMessage message;
    queue.Peek(2, message);
    for (const ReportRow& row : message.rows) steps.push_back(row.measurement.step);
    queue.Remove(message);
  }
  for (const ReportRow& row : TakeAll(queue, 5)) steps.push_back(row.measurement.step);
  ASSERT_THAT(steps, SizeIs(150));
  for (int64_t i = 0; i < 150; ++i) EXPECT_EQ(steps[static_cast<size_t>(i)], i);
}

TEST_F(ReportQueueTest, FullSpoolDropsAllButTheObjective) {
  ReportQueue queue(SpoolPath(), "loss", {.memory_rows = 1, .spool_bytes = 100});
  for (int64_t step = 0; step < 50; ++step) {
    queue.Add({.step = step, .measurements = {{"loss", step, 1}, {"train:loss", step, 2}}}, kNow);
  }
  int64_t objective_rows = 0;
  const std::vector<ReportRow> rows = TakeAll(queue, 100);
  for (const ReportRow& row : rows) objective_rows += row.measurement.metric == "loss" ? 1 : 0;
  EXPECT_EQ(objective_rows, 50);
  EXPECT_LT(rows.size(), 60u);
  EXPECT_EQ(queue.dropped_rows() + static_cast<int64_t>(rows.size()), 100);
}

TEST_F(ReportQueueTest, ObjectiveStaysInMemoryWhenTheSpoolCannotBeWritten) {
  ReportQueue queue("/proc/no-such-folder/spool", "loss", {.memory_rows = 1});
  for (int64_t step = 0; step < 10; ++step) {
    queue.Add({.step = step, .measurements = {{"loss", step, 1}, {"train:loss", step, 2}}}, kNow);
  }
  EXPECT_THAT(TakeAll(queue, 100), SizeIs(10));
  EXPECT_EQ(queue.dropped_rows(), 10);
}

TEST_F(ReportQueueTest, SpoolIsRemovedWithTheQueue) {
  {
    ReportQueue queue(SpoolPath(), "loss", {.memory_rows = 1});
    for (int64_t step = 0; step < 10; ++step) queue.Add(LossReport(step, 1), kNow);
    EXPECT_TRUE(std::filesystem::exists(SpoolPath()));
  }
  EXPECT_FALSE(std::filesystem::exists(SpoolPath()));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

TEST_F(ReportQueueTest, SpoolThatSomebodyCutIsCountedAsLostAndEnds) {
  ReportQueue queue(SpoolPath(), "loss", {.memory_rows = 1});
  for (int64_t step = 0; step < 4; ++step) queue.Add(LossReport(step, 1), kNow);
  std::filesystem::resize_file(SpoolPath(), 0);
  EXPECT_THAT(TakeAll(queue, 1), SizeIs(1));
  EXPECT_EQ(queue.dropped_rows(), 3);
  EXPECT_EQ(queue.removed_rows(), queue.added_rows());
}

}  // namespace
}  // namespace pegbox::worker
