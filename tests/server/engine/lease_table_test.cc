#include "server/engine/lease_table.h"

#include "gtest/gtest.h"

namespace pegbox {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'800'000'000);
const TrialId kTrial = {.job_id = "job", .number = 1};

Trial Held(int64_t attempt) { return {.id = kTrial, .attempt = Attempt{.number = attempt, .worker_id = "w"}}; }

TEST(LeaseTableTest, ALeaseEndsAfterItsDuration) {
  LeaseTable leases(absl::Seconds(30));
  leases.Renew(Held(1), kStart);
  EXPECT_TRUE(leases.Expired(kStart + absl::Seconds(30), absl::InfiniteDuration()).empty());
  const auto expired = leases.Expired(kStart + absl::Seconds(31), absl::InfiniteDuration());
  ASSERT_EQ(expired.size(), 1);
  EXPECT_EQ(expired[0].trial, kTrial);
  EXPECT_EQ(expired[0].attempt, 1);
}

TEST(LeaseTableTest, RenewalMovesTheEnd) {
  LeaseTable leases(absl::Seconds(30));
  leases.Renew(Held(1), kStart);
  leases.Renew(Held(1), kStart + absl::Seconds(20));
  EXPECT_TRUE(leases.Expired(kStart + absl::Seconds(50), absl::InfiniteDuration()).empty());
}

TEST(LeaseTableTest, AClientsLeaseLastsAsLongAsItAskedFor) {
  LeaseTable leases(absl::Seconds(30));
  Trial trial = Held(1);
  trial.attempt->client = ClientLease{.client_id = "notebook", .duration = absl::Seconds(2)};
  leases.Renew(trial, kStart);
  EXPECT_EQ(leases.Expired(kStart + absl::Seconds(3), absl::InfiniteDuration()).size(), 1);
}

TEST(LeaseTableTest, ADroppedLeaseNeverEnds) {
  LeaseTable leases(absl::Seconds(30));
  leases.Renew(Held(1), kStart);
  leases.Drop(kTrial, 1);
  EXPECT_TRUE(leases.Expired(kStart + absl::Hours(1), absl::InfiniteDuration()).empty());
}

TEST(LeaseTableTest, APauseOfTheServerExtendsEveryLease) {
  LeaseTable leases(absl::Seconds(30));
  leases.Renew(Held(1), kStart);
  EXPECT_TRUE(leases.Expired(kStart, absl::Seconds(15)).empty());
  EXPECT_TRUE(leases.Expired(kStart + absl::Minutes(10), absl::Seconds(15)).empty());
  EXPECT_TRUE(leases.Expired(kStart + absl::Minutes(10) + absl::Seconds(10), absl::Seconds(15)).empty());
  EXPECT_TRUE(leases.Expired(kStart + absl::Minutes(10) + absl::Seconds(20), absl::Seconds(15)).empty());
  EXPECT_EQ(leases.Expired(kStart + absl::Minutes(10) + absl::Seconds(31), absl::Seconds(15)).size(), 1);
}

TEST(LeaseTableTest, RemembersWhoWasHeardWhen) {
  LeaseTable leases(absl::Seconds(30));
  EXPECT_EQ(leases.LastHeardFrom("a"), std::nullopt);
  leases.HeardFrom("a", kStart);
  EXPECT_EQ(leases.LastHeardFrom("a"), kStart);
}

}  // namespace
}  // namespace pegbox
