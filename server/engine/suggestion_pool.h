// Computes suggestions beside everything else, one computation a job at a time, and queues them as trials. Keeps some
// ready where that pays, and fits the surrogates that are too long to fit in between.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/engine/core.h"
#include "server/engine/job_queue.h"
#include "server/engine/job_search.h"
#include "server/engine/planning.h"

namespace pegbox {

// Thread-safe. Errors beside those named: as Store::Read and Store::Write.
class SuggestionPool {
 public:
  SuggestionPool(Core& core, SearcherFactory make_searcher) : core_(core), make_searcher_(std::move(make_searcher)) {}

  // The job's plan asks for suggestions: queues those that are ready and has the others computed.
  absl::Status Want(absl::string_view job_id);

  // To the end; Run in several threads, RunFits in one. Errors are logged; the reconciler asks again.
  void Run();
  void RunFits();
  // Wakes RunFits for good; Run ends with the queue of jobs to suggest.
  void Close();

  // One turn of the loops: waits for a job up to `timeout`. Nothing: none came.
  std::optional<absl::Status> RunOnce(absl::Duration timeout);
  std::optional<absl::Status> RunFitOnce(absl::Duration timeout);

 private:
  // Computes what the job's plan asks for and what is to be ready besides, and queues the former. The caller sees to it
  // that no other thread computes for the same job.
  absl::Status SuggestFor(absl::string_view job_id);
  absl::StatusOr<PlannedJob> Refresh(const LiveJob& live_job, JobSearch& search) const;
  // In a transaction of its own.
  absl::Status Queue(LiveJob& live_job);

  // Constant after construction.
  Core& core_;
  const SearcherFactory make_searcher_;

  // Own synchronisation.
  JobQueue jobs_to_fit_;

  absl::Mutex mu_;
  std::set<std::string> computing_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> again_ ABSL_GUARDED_BY(mu_);  // asked for while they were being computed
};

}  // namespace pegbox
