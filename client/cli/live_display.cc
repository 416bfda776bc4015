#include "client/cli/live_display.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace pegbox::cli {
namespace {

constexpr absl::Duration kShortestFrame = absl::Milliseconds(100);
constexpr absl::Duration kLongestFrame = absl::Seconds(1);

}  // namespace

LiveDisplay::LiveDisplay(std::ostream& out, std::function<std::vector<std::string>()> frame)
    : frame_(std::move(frame)), out_(out), thread_([this] { Loop(); }) {}

LiveDisplay::~LiveDisplay() {
  {
    absl::MutexLock lock(&mu_);
    is_closing_ = true;
  }
  thread_.join();
  Draw({});
}

void LiveDisplay::Refresh() {
  absl::MutexLock lock(&mu_);
  is_stale_ = true;
}

void LiveDisplay::Loop() {
  const auto is_due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return is_stale_ || is_closing_; };
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      mu_.AwaitWithTimeout(absl::Condition(&is_due), kLongestFrame);
      if (is_closing_) return;
      is_stale_ = false;
    }
    Draw(frame_());
    absl::MutexLock lock(&mu_);
    if (mu_.AwaitWithTimeout(absl::Condition(&is_closing_), kShortestFrame)) return;
  }
}

void LiveDisplay::Draw(const std::vector<std::string>& lines) {
  std::string text = drawn_lines_ > 0 ? absl::StrCat("\x1b[", drawn_lines_, "A\r") : "";
  for (const std::string& line : lines) absl::StrAppend(&text, "\x1b[2K", line, "\n");
  absl::StrAppend(&text, "\x1b[J");
  out_ << text << std::flush;
  drawn_lines_ = lines.size();
}

}  // namespace pegbox::cli
