// What is derived from the store for each job that is not at rest, so that a report needs not read every curve again:
// the objective's curves, the failure streak, the searcher. Can be thrown away at any time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "server/domain/job_plan.h"
#include "server/domain/metric_curve.h"
#include "server/domain/tuning_job.h"
#include "server/search/searcher.h"
#include "server/store/store.h"

namespace pegbox {

class JobSearch;

using SearcherFactory = std::function<std::unique_ptr<Searcher>(const TuningJobSpec&)>;

// Thread-safe.
class LiveJob {
 public:
  ~LiveJob();

  // Reads the job's trials and the objective's measurements. NOT_FOUND: no such job.
  static absl::StatusOr<std::shared_ptr<LiveJob>> Load(Reader& reader, absl::string_view job_id);

  // As it was when the job was loaded. Only limits change later, so read limits from the store.
  const TuningJob& job() const { return job_; }

  // Takes committed measurements of the objective in.
  void Add(int64_t trial_number, const std::vector<Measurement>& rows);
  // The same, and says whether the trial should stop.
  std::optional<StopDecision> AddAndEvaluate(int64_t trial_number, const std::vector<Measurement>& rows);

  // Takes a trial's committed end in. Repeating it is harmless.
  void TrialEnded(const Trial& trial);

  // Grows with each TrialEnded.
  int64_t end_count() const;
  // On average over the last ends of trials; infinite while there are fewer than two.
  absl::Duration TimeBetweenEnds() const;

  int64_t consecutive_failures() const;
  std::string last_failure() const;

  // The trial as the search sees it; nothing when the search has nothing to learn from it.
  std::optional<Observation> Observe(const Trial& trial) const;

  void set_space_exhausted();
  bool is_space_exhausted() const;

  // Made by the first caller.
  JobSearch& MakeSearch(const SearcherFactory& make_searcher, const Clock& clock);
  // Null before that.
  JobSearch* search() const;

 private:
  explicit LiveJob(TuningJob job);

  std::vector<const MetricCurve*> CompletedCurves() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Constant after construction.
  const TuningJob job_;

  mutable absl::Mutex mu_;
  std::unique_ptr<JobSearch> search_ ABSL_GUARDED_BY(mu_);
  int64_t end_count_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<int64_t, MetricCurve> curves_ ABSL_GUARDED_BY(mu_);  // by trial number
  std::set<int64_t> completed_ ABSL_GUARDED_BY(mu_);
  // Ends in the order in which they came: true for a failure.
  std::map<std::pair<absl::Time, int64_t>, std::optional<Failure>> ends_ ABSL_GUARDED_BY(mu_);
  bool is_space_exhausted_ ABSL_GUARDED_BY(mu_) = false;
};

// Thread-safe.
class LiveJobs {
 public:
  explicit LiveJobs(Store& store) : store_(store) {}

  // Loads the job when it is not here. shared_ptr: a call may still hold a job that Forget has dropped.
  absl::StatusOr<std::shared_ptr<LiveJob>> Get(absl::string_view job_id);

  // The job came to rest.
  void Forget(absl::string_view job_id);

 private:
  Store& store_;
  absl::Mutex mu_;
  std::map<std::string, std::shared_ptr<LiveJob>, std::less<>> jobs_ ABSL_GUARDED_BY(mu_);
};

}  // namespace pegbox
