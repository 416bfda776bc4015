// The search of one job: what it knows of the job's trials, brought up to date from what changed in the store, and the
// suggestions computed ahead. Can be thrown away at any time: suggestions that were not stored have not happened.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "server/domain/tuning_job.h"
#include "server/engine/live_jobs.h"
#include "server/search/searcher.h"
#include "server/store/store.h"

namespace pegbox {

// How many suggestions to keep ready, 0 to 4. 0: each is made when a trial ends, with its result, because few trials
// run at once, so that every result matters, or because that takes next to no time. Else so many that at most about one
// worker in a hundred finds none: with rho = suggest_time / time_between_ends, the smallest k with rho^k <= 0.01.
int64_t SuggestionsAhead(int64_t max_parallel_jobs, absl::Duration suggest_time, absl::Duration time_between_ends);

// Refresh, Suggest, Recommend, DropUpTo and ClaimFit have one caller at a time; the rest is thread-safe.
class JobSearch {
 public:
  JobSearch(const TuningJobSpec& spec, std::unique_ptr<Searcher> searcher, const Clock& clock);

  // Takes in the trials that changed since the last call. Errors as Reader's.
  absl::Status Refresh(Reader& reader, const LiveJob& live_job);

  // Computes the suggestion after the last ready one, which counts, as those before it, as a running trial. Nothing:
  // the space is used up. `trials` exist. Errors as Searcher's.
  absl::StatusOr<bool> Suggest(int64_t trials);

  // Ready suggestions for the trials after the first `trials`, in their order, at most `limit`.
  std::vector<Suggestion> Ready(int64_t trials, int64_t limit) const;
  int64_t CountReady(int64_t trials) const;
  // The first `trials` trials exist: their suggestions are not needed any more.
  void DropUpTo(int64_t trials);

  // As Searcher's, of what was known at the last Refresh.
  std::optional<int64_t> Recommend() const;

  // Smoothed over the last suggestions; zero before the first.
  absl::Duration suggest_time() const;

  // A fit is due that is too long for suggestions to wait for, and none is being made. Then MakeFit must be called.
  bool ClaimFit();
  // Makes that fit from what was known when it was claimed; suggestions go on beside it and use it afterwards.
  absl::Status MakeFit();

 private:
  void Put(int64_t trial_number, std::optional<Observation> observation);
  // Points into what it is given.
  SearchSnapshot Snapshot(const std::vector<Observation>& observations, const std::optional<SurrogateFit>& last_fit,
                          int64_t next_trial_number) const;
  // The newest is the one of most outcomes; of equals, that of the later trial.
  void OfferFit(const SurrogateFit& fit, int64_t trial_number);

  // Constant after construction.
  const TuningJobSpec spec_;
  const std::unique_ptr<Searcher> searcher_;
  const Clock& clock_;

  // Used by the one caller of Refresh, Suggest, Recommend and ClaimFit.
  int64_t revision_ = 0;
  int64_t ends_seen_ = 0;
  std::vector<Observation> observations_;  // by trial number
  std::map<int64_t, Trial> stopped_;       // whose final values are imputed, anew with each trial that ends

  mutable absl::Mutex mu_;
  std::map<int64_t, Suggestion> ready_ ABSL_GUARDED_BY(mu_);  // by trial number
  std::optional<SurrogateFit> newest_fit_ ABSL_GUARDED_BY(mu_);
  std::pair<int64_t, int64_t> newest_fit_age_ ABSL_GUARDED_BY(mu_);  // outcomes, trial number
  absl::Duration suggest_time_ ABSL_GUARDED_BY(mu_);
  // What the fit in progress is made from; empty: none is.
  std::optional<std::vector<Observation>> fitting_ ABSL_GUARDED_BY(mu_);
};

// Stores as many of the ready suggestions as the job's plan asks for, as queued trials; how many they were. The only
// way in which trials come to be. Errors as Transaction's.
absl::StatusOr<int64_t> QueueReady(Transaction& tx, const LiveJob& live_job, absl::Time now);

}  // namespace pegbox
