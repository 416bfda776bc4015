// The stream of what changes in a tuning job.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "pegbox/v1/tuning_service.pb.h"
#include "server/engine/tuning_jobs.h"

namespace pegbox {

// Thread-compatible; one for each call.
class JobWatch {
 public:
  using Write = std::function<bool(const v1::WatchTuningJobResponse&)>;  // false: the client has gone

  JobWatch(TuningJobs& tuning_jobs, std::string job_id, Write write, std::function<bool()> is_cancelled)
      : tuning_jobs_(tuning_jobs),
        job_id_(std::move(job_id)),
        write_(std::move(write)),
        is_cancelled_(std::move(is_cancelled)) {}

  // Writes what changed after `since_revision`, then what changes. OK: the job has ended and all was written.
  // INVALID_ARGUMENT: a revision that this server has not reached. NOT_FOUND: no such job. UNAVAILABLE: the server is
  // stopping. CANCELLED: the client has gone. Others as TuningJobs.
  absl::Status Run(int64_t since_revision);

 private:
  // Everything that changed after revision_, at one moment or more; moves revision_ on.
  absl::Status WriteChanges();
  // In messages of bounded size. Only the last one carries the new revision, so that a stream that broke off in between
  // is taken up from where the changes begin.
  absl::Status WriteMessages(const JobChanges& changes);

  // Constant after construction.
  TuningJobs& tuning_jobs_;
  const std::string job_id_;
  const Write write_;
  const std::function<bool()> is_cancelled_;

  int64_t revision_ = 0;
  bool has_ended_ = false;
};

}  // namespace pegbox
