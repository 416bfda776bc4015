#include "common/clock.h"

#include <gtest/gtest.h>

namespace pegbox {
namespace {

TEST(ManualClockTest, StandsStillUntilItIsAdvanced) {
  const absl::Time start = absl::FromUnixSeconds(1'000);
  ManualClock clock(start);
  EXPECT_EQ(clock.Now(), start);
  EXPECT_EQ(clock.Now(), start);
  clock.Advance(absl::Seconds(90));
  clock.Advance(absl::Milliseconds(5));
  EXPECT_EQ(clock.Now(), start + absl::Milliseconds(90'005));
}

TEST(RealClockTest, LiesBetweenTwoReadingsOfTheMachineClock) {
  const absl::Time before = absl::Now();
  const absl::Time now = Clock::Real().Now();
  EXPECT_GE(now, before);
  EXPECT_LE(now, absl::Now());
}

TEST(RealClockTest, IsOneForTheProcess) { EXPECT_EQ(&Clock::Real(), &Clock::Real()); }

}  // namespace
}  // namespace pegbox
