#include "server/engine/change_signal.h"

#include <thread>

#include "gtest/gtest.h"

namespace pegbox {
namespace {

TEST(ChangeSignalTest, NotificationBeforeTheWaitIsNotMissed) {
  ChangeSignal signal;
  ChangeSignal::Listener listener(signal, {"a"});
  signal.Notify("a");
  EXPECT_TRUE(listener.Wait(absl::ZeroDuration()));
  EXPECT_FALSE(listener.Wait(absl::ZeroDuration()));
}

TEST(ChangeSignalTest, OtherTopicsDoNotWake) {
  ChangeSignal signal;
  ChangeSignal::Listener listener(signal, {"a", "b"});
  signal.Notify("c");
  EXPECT_FALSE(listener.Wait(absl::ZeroDuration()));
  signal.Notify("b");
  EXPECT_TRUE(listener.Wait(absl::ZeroDuration()));
}

TEST(ChangeSignalTest, NotifyWakesAWaiterInAnotherThread) {
  ChangeSignal signal;
  ChangeSignal::Listener listener(signal, {"a"});
  std::thread notifier([&] { signal.Notify("a"); });
  EXPECT_TRUE(listener.Wait(absl::Minutes(1)));
  notifier.join();
}

TEST(ChangeSignalTest, CloseWakesEveryWaiterForGood) {
  ChangeSignal signal;
  ChangeSignal::Listener listener(signal, {"a"});
  std::thread closer([&] { signal.Close(); });
  EXPECT_FALSE(listener.Wait(absl::Minutes(1)));
  closer.join();
  EXPECT_TRUE(signal.is_closed());
  EXPECT_FALSE(listener.Wait(absl::Minutes(1)));
}

}  // namespace
}  // namespace pegbox
