// The engine: the use cases, and the loops beside them. Straight down and back: rpc calls a use case, which runs a
// transaction around domain rules; the loops do the rest from what is in the store.
#pragma once

#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "server/engine/best_trials.h"
#include "server/engine/client_sessions.h"
#include "server/engine/core.h"
#include "server/engine/job_diagnoses.h"
#include "server/engine/reconciler.h"
#include "server/engine/suggestion_pool.h"
#include "server/engine/trial_reports.h"
#include "server/engine/tuning_jobs.h"
#include "server/engine/worker_sessions.h"

namespace pegbox {

class Engine {
 public:
  struct Options {
    absl::Duration lease_duration = absl::Minutes(5);
    int suggestion_threads = 2;
    SearcherFactory make_searcher;
  };

  Engine(Store& store, TrialLog& trial_log, const Clock& clock, Options options);
  ~Engine();  // as Stop

  // Gives every live attempt a fresh lease and starts the loops. Once. Errors as Store::Read.
  absl::Status Start();

  // Wakes every waiting call and ends the loops. What is in the store stays as it is: a later start goes on from there.
  void Stop();

  BestTrials& best_trials() { return best_trials_; }
  TuningJobs& tuning_jobs() { return tuning_jobs_; }
  JobDiagnoses& job_diagnoses() { return job_diagnoses_; }
  WorkerSessions& worker_sessions() { return worker_sessions_; }
  ClientSessions& client_sessions() { return client_sessions_; }
  TrialReports& trial_reports() { return trial_reports_; }

 private:
  absl::Status RenewAllLeases();

  const Options options_;
  ChangeSignal signal_;
  LeaseTable leases_;
  LiveJobs live_jobs_;
  JobQueue jobs_to_plan_;
  JobQueue jobs_to_suggest_;
  Core core_;
  BestTrials best_trials_;
  TuningJobs tuning_jobs_;
  JobDiagnoses job_diagnoses_;
  WorkerSessions worker_sessions_;
  ClientSessions client_sessions_;
  TrialReports trial_reports_;
  SuggestionPool suggestion_pool_;
  Reconciler reconciler_;
  std::vector<std::thread> threads_;
};

}  // namespace pegbox
