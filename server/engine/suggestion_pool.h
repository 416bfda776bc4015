// Computes suggestions beside everything else, one computation a job at a time, and queues them as trials.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "server/engine/core.h"
#include "server/engine/job_queue.h"
#include "server/engine/planning.h"

namespace pegbox {

using SearcherFactory = std::function<std::unique_ptr<Searcher>(const TuningJobSpec&)>;

// Thread-safe.
class SuggestionPool {
 public:
  SuggestionPool(Core& core, JobQueue& jobs_to_suggest, SearcherFactory make_searcher)
      : core_(core), jobs_to_suggest_(jobs_to_suggest), make_searcher_(std::move(make_searcher)) {}

  // Until the queue is closed; may run in several threads. Errors are logged; the reconciler asks again.
  void Run();

  // What the job's plan asks for: reads, computes with no lock held, plans again, and inserts what is still wanted.
  // The caller sees to it that no other thread computes for the same job.
  absl::Status SuggestFor(absl::string_view job_id);

 private:
  // What the computation is made from.
  struct Question {
    PlannedJob planned;
    std::vector<Observation> observations;
  };
  absl::StatusOr<Question> Ask(const LiveJob& live_job) const;
  // True when all of them were still wanted.
  absl::StatusOr<bool> Insert(const LiveJob& live_job, const Question& question, std::vector<Suggestion> suggestions);

  // Constant after construction.
  Core& core_;
  JobQueue& jobs_to_suggest_;
  const SearcherFactory make_searcher_;

  absl::Mutex mu_;
  std::set<std::string> computing_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> again_ ABSL_GUARDED_BY(mu_);  // asked for while they were being computed
};

}  // namespace pegbox
