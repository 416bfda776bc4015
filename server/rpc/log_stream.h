// The stream of a trial's output.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "pegbox/v1/tuning_service.pb.h"
#include "server/engine/tuning_jobs.h"

namespace pegbox {

// Thread-compatible; one for each call.
class LogStream {
 public:
  using Write = std::function<bool(const v1::ReadTrialLogResponse&)>;  // false: the client has gone

  LogStream(TuningJobs& tuning_jobs, Write write, std::function<bool()> is_cancelled)
      : tuning_jobs_(tuning_jobs), write_(std::move(write)), is_cancelled_(std::move(is_cancelled)) {}

  // Writes the output of the attempt that `request` names; with `follow`, on until the attempt has ended, and from the
  // first attempt's start on when there is none yet. INVALID_ARGUMENT: a field is out of range. NOT_FOUND: no such
  // trial or attempt. UNAVAILABLE: the server is stopping. CANCELLED: the client has gone. Others as TuningJobs.
  absl::Status Run(const v1::ReadTrialLogRequest& request);

 private:
  // The number of the attempt to read, or 0 while there is none yet. NOT_FOUND: there is none and will be none.
  static absl::StatusOr<int64_t> Choose(const Trial& trial, const v1::ReadTrialLogRequest& request);
  absl::Status WriteFrom(const TrialId& id, int64_t attempt, int64_t& offset);

  TuningJobs& tuning_jobs_;
  const Write write_;
  const std::function<bool()> is_cancelled_;
};

}  // namespace pegbox
