// A job's best trial: the one with the best value, and the one that the search recommends. They differ where the
// objective is noisy, for the best value of many is partly luck.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "server/engine/core.h"
#include "server/engine/live_jobs.h"

namespace pegbox {

struct BestTrialView {
  Trial best;
  Trial recommended;
  std::string explanation;  // how they differ, a line for people
};

// Thread-safe. Errors beside those named: as Store::Read.
class BestTrials {
 public:
  BestTrials(Core& core, SearcherFactory make_searcher) : core_(core), make_searcher_(std::move(make_searcher)) {}

  // Takes up to a second when trials have changed since the last call. NOT_FOUND: no such job, or no trial has a value
  // yet.
  absl::StatusOr<BestTrialView> Get(absl::string_view job_id);

 private:
  // The number of the trial that the search recommends, of the job as it was at `revision`.
  struct Recommendation {
    int64_t revision = 0;
    std::optional<int64_t> trial_number;
  };
  absl::StatusOr<std::optional<int64_t>> Recommend(const TuningJob& job);

  // Constant after construction.
  Core& core_;
  const SearcherFactory make_searcher_;

  absl::Mutex mu_;
  std::map<std::string, Recommendation, std::less<>> recommendations_ ABSL_GUARDED_BY(mu_);  // by job
};

}  // namespace pegbox
