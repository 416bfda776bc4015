// The output of trials as their workers sent it: one file an attempt, in a folder of the store.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/resource_name.h"

namespace pegbox {

// Thread-safe as long as one attempt is appended to by one thread at a time.
class TrialLog {
 public:
  // Bytes kept of one attempt; what comes after is dropped.
  static constexpr int64_t kMaxBytes = int64_t{64} << 20;

  explicit TrialLog(std::string folder) : folder_(std::move(folder)) {}

  // `offset` is where data's first byte stands in the attempt's output. Bytes that are there already are skipped, and
  // bytes behind a gap are not taken. Returns the size afterwards, from which the sender goes on (kMaxBytes once the log
  // is full and all is dropped). RESOURCE_EXHAUSTED: the disk is full.
  absl::StatusOr<int64_t> Append(const TrialId& id, int64_t attempt, int64_t offset, absl::string_view data);

  // Up to `limit` bytes from `offset`; empty at the end, and for an attempt without output.
  absl::StatusOr<std::string> Read(const TrialId& id, int64_t attempt, int64_t offset, int64_t limit) const;

 private:
  std::string Path(const TrialId& id, int64_t attempt) const;

  const std::string folder_;
};

}  // namespace pegbox
