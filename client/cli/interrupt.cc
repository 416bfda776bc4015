#include "client/cli/interrupt.h"

#include <pthread.h>

#include <utility>

namespace pegbox::cli {

InterruptHandler::InterruptHandler(std::function<void(int)> on_interrupt) : on_interrupt_(std::move(on_interrupt)) {
  sigemptyset(&signals_);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, signal);
  pthread_sigmask(SIG_BLOCK, &signals_, &mask_before_);
  thread_ = std::thread([this] { Loop(); });
}

InterruptHandler::~InterruptHandler() {
  is_closing_ = true;
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void InterruptHandler::Loop() {
  for (int count = 1;; ++count) {
    int signal = 0;
    sigwait(&signals_, &signal);
    if (is_closing_) return;
    on_interrupt_(count);
  }
}

}  // namespace pegbox::cli
