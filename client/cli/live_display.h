// A few lines that are redrawn in place on a terminal, from a thread of its own.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace pegbox::cli {

// Thread-safe. While it lives nothing else may write to `out`.
class LiveDisplay {
 public:
  // Draws what `frame` gives: at each Refresh, though at most ten times a second, and once a second without one.
  LiveDisplay(std::ostream& out, std::function<std::vector<std::string>()> frame);
  // Takes the lines off the screen.
  ~LiveDisplay();
  LiveDisplay(const LiveDisplay&) = delete;
  LiveDisplay& operator=(const LiveDisplay&) = delete;

  void Refresh();

 private:
  void Loop();
  void Draw(const std::vector<std::string>& lines);

  // Constant after construction.
  const std::function<std::vector<std::string>()> frame_;

  // Of the drawing thread alone, and of the destructor after it.
  std::ostream& out_;
  size_t drawn_lines_ = 0;

  absl::Mutex mu_;
  bool is_stale_ ABSL_GUARDED_BY(mu_) = true;
  bool is_closing_ ABSL_GUARDED_BY(mu_) = false;

  std::thread thread_;
};

}  // namespace pegbox::cli
