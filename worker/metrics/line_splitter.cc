#include "worker/metrics/line_splitter.h"

#include <algorithm>

namespace pegbox::worker {

void LineSplitter::Keep(absl::string_view part) {
  const size_t room = max_line_bytes_ - partial_.size();
  const size_t kept = std::min(room, part.size());
  partial_.append(part.data(), kept);
  if (kept < part.size()) {
    is_truncated_ = true;
    dropped_bytes_ += static_cast<int64_t>(part.size() - kept);
  }
}

void LineSplitter::EndLine(absl::string_view last_part, OnLine on_line) {
  if (partial_.empty() && last_part.size() <= max_line_bytes_) {  // the usual case: nothing is copied
    on_line(last_part);
    return;
  }
  Keep(last_part);
  if (is_truncated_) ++truncated_lines_;
  on_line(partial_);
  partial_.clear();
  is_truncated_ = false;
}

void LineSplitter::Feed(absl::string_view bytes, OnLine on_line) {
  while (!bytes.empty()) {
    if (is_after_carriage_return_) {
      is_after_carriage_return_ = false;
      if (bytes[0] == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    const auto end = std::find_if(bytes.begin(), bytes.end(), [](char c) { return c == '\n' || c == '\r'; });
    const size_t size = static_cast<size_t>(end - bytes.begin());
    if (end == bytes.end()) {
      Keep(bytes);
      return;
    }
    is_after_carriage_return_ = *end == '\r';
    EndLine(bytes.substr(0, size), on_line);
    bytes.remove_prefix(size + 1);
  }
}

void LineSplitter::Finish(OnLine on_line) {
  is_after_carriage_return_ = false;
  if (!partial_.empty()) EndLine(absl::string_view(), on_line);
}

}  // namespace pegbox::worker
