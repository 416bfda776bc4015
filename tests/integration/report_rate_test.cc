// Many reports at once.
#include <gtest/gtest.h>

#include <string>

#include "tests/integration/expectations.h"
#include "tests/support/cluster.h"

namespace pegbox::test {
namespace {

using Kind = TrialEvent::Kind;

TEST(ReportRateTest, FiveHundredReportsASecondAreAllStored) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 4);
  // 4 x 200 reports of two rows a second, for 3 seconds.
  cluster.Submit({.max_jobs = 4,
                  .max_parallel_jobs = 4,
                  .trainer = {"--epochs=600", "--epoch-ms=5", "--over-step=1", "--report=stdout"}},
                 "fast");
  const v1::TuningJob job = cluster.WaitForEnd("fast", absl::Seconds(60));
  EXPECT_EQ(job.trial_counts().completed(), 4);
  const std::vector<TrialEvent> reports = cluster.Record(Kind::kReported);
  ASSERT_EQ(reports.size(), 2400u);
  EXPECT_GT(2400 / absl::ToDoubleSeconds(reports.back().time - reports.front().time), 500.0);
  ExpectEachReportOnce(cluster, "fast");
}

TEST(ReportRateTest, TrialsThatReportAsFastAsTheyCanLoseNothing) {
  Cluster cluster;
  cluster.StartServer();
  cluster.StartWorker("w1", 4);
  cluster.Submit({.max_jobs = 4, .max_parallel_jobs = 4, .trainer = {"--epochs=200", "--over-step=1"}}, "socket");
  cluster.WaitForEnd("socket", absl::Seconds(60));
  ExpectEachReportOnce(cluster, "socket");
  EXPECT_EQ(cluster.Record(Kind::kReported).size(), 800u);
}

}  // namespace
}  // namespace pegbox::test
