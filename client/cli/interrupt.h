// SIGINT, SIGTERM and SIGHUP as calls of a function instead of the process's end.
#pragma once

#include <csignal>

#include <atomic>
#include <functional>
#include <thread>

namespace pegbox::cli {

// One at a time. Construct it before any other thread starts: threads inherit the signal mask, and a thread that does
// not block the signals would still be ended by them. What the mask was is restored at the end.
class InterruptHandler {
 public:
  // Calls `on_interrupt` from a thread of its own, with 1 for the first signal, 2 for the second, ...
  explicit InterruptHandler(std::function<void(int count)> on_interrupt);
  ~InterruptHandler();
  InterruptHandler(const InterruptHandler&) = delete;
  InterruptHandler& operator=(const InterruptHandler&) = delete;

 private:
  void Loop();

  // Constant after construction.
  const std::function<void(int)> on_interrupt_;
  sigset_t signals_;
  sigset_t mask_before_;

  std::atomic<bool> is_closing_ = false;
  std::thread thread_;
};

}  // namespace pegbox::cli
