// Bytes in, lines out, with bounded memory whatever the bytes are. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace pegbox::worker {

inline constexpr size_t kMaxLogLineBytes = 16 * 1024;

// A line ends with \n, \r\n or \r (so that each state of a progress bar is a line). Any bytes, NUL too, are handed on
// as they came. Of a line over the limit the first `max_line_bytes` are handed on when it ends and the rest is counted.
class LineSplitter {
 public:
  // Gets the line without its end; the view is valid only during the call.
  using OnLine = absl::FunctionRef<void(absl::string_view line)>;

  explicit LineSplitter(size_t max_line_bytes = kMaxLogLineBytes) : max_line_bytes_(max_line_bytes) {}

  // Calls on_line for each line that `bytes` completes, in order.
  void Feed(absl::string_view bytes, OnLine on_line);

  // Hands on the last line if it has no end. The splitter is then as new, but for its counters.
  void Finish(OnLine on_line);

  int64_t dropped_bytes() const { return dropped_bytes_; }
  int64_t truncated_lines() const { return truncated_lines_; }

 private:
  void Keep(absl::string_view part);
  void EndLine(absl::string_view last_part, OnLine on_line);

  const size_t max_line_bytes_;
  std::string partial_;                    // the line so far, at most max_line_bytes_
  bool is_truncated_ = false;              // the line so far has lost bytes
  bool is_after_carriage_return_ = false;  // a \n now belongs to the \r before it
  int64_t dropped_bytes_ = 0;
  int64_t truncated_lines_ = 0;
};

}  // namespace pegbox::worker
