// Programs that run trials themselves ask for them here; what they tell goes through TrialReports, as with workers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/engine/core.h"

namespace pegbox {

struct SuggestRequest {
  std::string job_id;
  std::string client_id;
  std::string request_id;  // empty: not safe to repeat
  int64_t count = 1;
  std::optional<absl::Duration> lease_duration;  // absent: the server's
  absl::Duration max_wait;
};

struct SuggestResult {
  std::vector<Trial> trials;
  JobState job_state = JobState::kRunning;
};

// Thread-safe. Errors beside those named: as Store::Read and Store::Write.
class ClientSessions {
 public:
  explicit ClientSessions(Core& core) : core_(core) {}

  // Hands out up to `count` queued trials of the job, as attempts of the client. Waits up to max_wait while none may be
  // handed out, the job is not ending and `is_cancelled` is false. Grants hold max_parallel_jobs exactly, as
  // WorkerSessions' do. A repeated request gets the trials that the first one got and that still run; when none does it
  // counts as a new one. NOT_FOUND: no such job.
  absl::StatusOr<SuggestResult> Suggest(const SuggestRequest& request, const std::function<bool()>& is_cancelled);

 private:
  absl::StatusOr<SuggestResult> SuggestNow(const SuggestRequest& request);
  absl::Status Grant(const SuggestRequest& request, SuggestResult& result);

  Core& core_;
};

}  // namespace pegbox
