#include "server/engine/worker_sessions.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log.h"
#include "common/status_macros.h"

namespace pegbox {
namespace {

absl::Status CheckIncarnation(Reader& reader, const WorkerIdentity& identity) {
  PEGBOX_ASSIGN_OR_RETURN(const Worker worker, reader.GetWorker(identity.worker_id));
  if (worker.incarnation == identity.incarnation) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat(WorkerName(worker.id), ": fenced, another incarnation has registered"));
}

bool Has(const std::vector<AttemptId>& attempts, const AttemptId& id) {
  return std::find(attempts.begin(), attempts.end(), id) != attempts.end();
}

// One draw of SplitMix64 from the job's seed and the trial's number.
uint64_t TrialSeed(uint64_t job_seed, int64_t trial_number) {
  uint64_t z = job_seed + 0x9e3779b97f4a7c15u * static_cast<uint64_t>(trial_number);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (z ^ (z >> 31)) >> 11;  // below 2^53: exact in any JSON on its way
}

absl::StatusOr<TrialAssignment> MakeAssignment(Reader& reader, const Trial& trial) {
  PEGBOX_ASSIGN_OR_RETURN(TuningJob job, reader.GetTuningJob(trial.id.job_id));
  return TrialAssignment{.id = {.trial = trial.id, .attempt = trial.attempt->number},
                         .parameters = trial.parameters,
                         .trial_template = *std::move(job.spec.trial),
                         .objective_metric = std::move(job.spec.objective.metric),
                         .seed = TrialSeed(job.spec.strategy.seed.value(), trial.id.number)};
}

absl::Status LoseAttemptsOf(Transaction& tx, const Worker& worker, const std::vector<std::string>& incarnations,
                            absl::Time now, std::vector<Trial>& lost) {
  PEGBOX_ASSIGN_OR_RETURN(std::vector<Trial> live, tx.ListLiveTrials(worker.id));
  for (Trial& trial : live) {
    const auto& ended = trial.attempt->incarnation;
    if (std::find(incarnations.begin(), incarnations.end(), ended) == incarnations.end()) continue;
    PEGBOX_RETURN_IF_ERROR(Lose(
        trial, {.kind = FailureKind::kLost, .detail = absl::StrCat(WorkerName(worker.id), " was restarted")}, now));
    PEGBOX_RETURN_IF_ERROR(tx.PutTrial(trial));
    lost.push_back(std::move(trial));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<absl::Duration> WorkerSessions::Register(Worker worker,
                                                        const std::vector<std::string>& ended_incarnations) {
  const absl::Time now = core_.clock.Now();
  worker.register_time = now;
  std::vector<Trial> lost;
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_RETURN_IF_ERROR(LoseAttemptsOf(tx, worker, ended_incarnations, now, lost));
    return tx.PutWorker(worker);
  }));
  core_.leases.HeardFrom(worker.id, now);
  Log()->info("worker registered worker={} incarnation={} slots={} version={} lost_trials={}", worker.id,
              worker.incarnation, worker.device_names.size(), worker.version, lost.size());
  for (const Trial& trial : lost) {
    core_.leases.Drop(trial.id, trial.attempt->number);
    PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(trial.id.job_id));
    live_job->TrialEnded(trial);
    core_.jobs_to_plan.Push(trial.id.job_id);
    core_.signal.Notify(JobTopic(trial.id.job_id));
  }
  core_.signal.Notify(kDispatchTopic);
  core_.signal.Notify(WorkerTopic(worker.id));  // an earlier incarnation may be waiting: it is fenced
  return core_.leases.lease_duration();
}

absl::StatusOr<SyncResult> WorkerSessions::Sync(const SyncRequest& request, const std::function<bool()>& is_cancelled) {
  if (request.is_leaving) {
    PEGBOX_RETURN_IF_ERROR(Leave(request));
    return SyncResult();
  }
  std::vector<std::string> topics = {WorkerTopic(request.worker.worker_id)};
  if (request.free_slots > 0) topics.push_back(kDispatchTopic);
  ChangeSignal::Listener listener(core_.signal, std::move(topics));
  const absl::Time deadline = absl::Now() + request.max_wait;
  while (true) {
    PEGBOX_ASSIGN_OR_RETURN(SyncResult result, SyncNow(request));
    if (!result.empty()) return result;
    if (!listener.WaitUntil(deadline, is_cancelled)) return result;
  }
}

absl::StatusOr<SyncResult> WorkerSessions::SyncNow(const SyncRequest& request) {
  const absl::Time now = core_.clock.Now();
  core_.leases.HeardFrom(request.worker.worker_id, now);
  SyncResult result;
  std::vector<Trial> held;
  std::vector<Trial> unstarted;
  bool has_dispatchable = false;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_RETURN_IF_ERROR(CheckIncarnation(reader, request.worker));
    PEGBOX_ASSIGN_OR_RETURN(std::vector<Trial> live, reader.ListLiveTrials(request.worker.worker_id));
    for (Trial& trial : live) {
      if (trial.attempt->incarnation != request.worker.incarnation) continue;
      const AttemptId id = {.trial = trial.id, .attempt = trial.attempt->number};
      const bool is_stopping = trial.state == TrialState::kStopping;
      if (Has(request.held, id)) {
        if (is_stopping && !Has(request.stopping, id)) {
          result.stop.push_back({.id = id, .reason = trial.stop->explanation});
        }
        held.push_back(std::move(trial));
      } else if (is_stopping) {
        unstarted.push_back(std::move(trial));
      } else {
        PEGBOX_ASSIGN_OR_RETURN(TrialAssignment assignment, MakeAssignment(reader, trial));
        result.start.push_back(std::move(assignment));
      }
    }
    if (request.free_slots > std::ssize(result.start)) {
      PEGBOX_ASSIGN_OR_RETURN(const std::vector<Trial> dispatchable, reader.ListDispatchableTrials(1));
      has_dispatchable = !dispatchable.empty();
    }
    return absl::OkStatus();
  }));
  std::set<AttemptId> current;
  for (const Trial& trial : held) {
    current.insert({.trial = trial.id, .attempt = trial.attempt->number});
    core_.leases.Renew(trial, now);
  }
  for (const AttemptId& id : request.held) {
    if (!current.contains(id)) result.fence.push_back(id);
  }
  PEGBOX_RETURN_IF_ERROR(EndUnstarted(unstarted));
  if (has_dispatchable) {
    PEGBOX_RETURN_IF_ERROR(Grant(request, request.free_slots - std::ssize(result.start), result));
  }
  return result;
}

absl::Status WorkerSessions::Grant(const SyncRequest& request, int64_t limit, SyncResult& result) {
  const absl::Time now = core_.clock.Now();
  std::vector<Trial> trials;
  std::vector<TrialAssignment> granted;
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_RETURN_IF_ERROR(CheckIncarnation(tx, request.worker));
    PEGBOX_ASSIGN_OR_RETURN(trials, tx.ListDispatchableTrials(limit));
    for (Trial& trial : trials) {
      PEGBOX_RETURN_IF_ERROR(Lease(trial, request.worker.worker_id, request.worker.incarnation, now));
      PEGBOX_RETURN_IF_ERROR(tx.PutTrial(trial));
      PEGBOX_ASSIGN_OR_RETURN(TrialAssignment assignment, MakeAssignment(tx, trial));
      granted.push_back(std::move(assignment));
    }
    return absl::OkStatus();
  }));
  AfterGrant(core_, trials, now);
  std::move(granted.begin(), granted.end(), std::back_inserter(result.start));
  return absl::OkStatus();
}

absl::Status WorkerSessions::EndUnstarted(const std::vector<Trial>& trials) {
  for (const Trial& listed : trials) {
    PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
      PEGBOX_ASSIGN_OR_RETURN(Trial trial, tx.GetTrial(listed.id));
      const bool has_changed = trial.state != TrialState::kStopping || trial.attempt != listed.attempt;
      if (has_changed) return absl::OkStatus();
      PEGBOX_RETURN_IF_ERROR(
          Lose(trial, {.kind = FailureKind::kLost, .detail = "stopped before it started"}, core_.clock.Now()));
      return tx.PutTrial(trial);
    }));
    core_.leases.Drop(listed.id, listed.attempt->number);
    core_.jobs_to_plan.Push(listed.id.job_id);
    core_.signal.Notify(JobTopic(listed.id.job_id));
  }
  return absl::OkStatus();
}

absl::Status WorkerSessions::Leave(const SyncRequest& request) {
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_RETURN_IF_ERROR(CheckIncarnation(tx, request.worker));
    PEGBOX_ASSIGN_OR_RETURN(Worker worker, tx.GetWorker(request.worker.worker_id));
    worker.has_left = true;
    return tx.PutWorker(worker);
  }));
  Log()->info("worker left worker={}", request.worker.worker_id);
  return absl::OkStatus();
}

}  // namespace pegbox
