#include "server/engine/engine.h"

#include <utility>

#include "common/status_macros.h"

namespace pegbox {

Engine::Engine(Store& store, TrialLog& trial_log, const Clock& clock, Options options)
    : options_(std::move(options)),
      leases_(options_.lease_duration),
      live_jobs_(store),
      core_{.store = store,
            .trial_log = trial_log,
            .clock = clock,
            .signal = signal_,
            .leases = leases_,
            .live_jobs = live_jobs_,
            .jobs_to_plan = jobs_to_plan_,
            .jobs_to_suggest = jobs_to_suggest_},
      best_trials_(core_, options_.make_searcher),
      tuning_jobs_(core_),
      job_diagnoses_(core_),
      worker_sessions_(core_),
      client_sessions_(core_),
      trial_reports_(core_),
      suggestion_pool_(core_, options_.make_searcher),
      reconciler_(core_, suggestion_pool_) {}

Engine::~Engine() { Stop(); }

absl::Status Engine::Start() {
  PEGBOX_RETURN_IF_ERROR(RenewAllLeases());
  threads_.emplace_back([this] { reconciler_.Run(); });
  for (int i = 0; i < options_.suggestion_threads; ++i) {
    threads_.emplace_back([this] { suggestion_pool_.Run(); });
  }
  threads_.emplace_back([this] { suggestion_pool_.RunFits(); });
  return absl::OkStatus();
}

absl::Status Engine::RenewAllLeases() {
  return core_.store.Read([this](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const std::vector<Trial> live, reader.ListLiveTrials(""));
    for (const Trial& trial : live) leases_.Renew(trial, core_.clock.Now());
    return absl::OkStatus();
  });
}

void Engine::Stop() {
  signal_.Close();
  jobs_to_plan_.Close();
  jobs_to_suggest_.Close();
  suggestion_pool_.Close();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace pegbox
