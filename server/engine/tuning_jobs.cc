#include "server/engine/tuning_jobs.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/resource_name.h"
#include "common/status_macros.h"

namespace pegbox {
namespace {

constexpr int64_t kTrialsAtOnce = 1000;
constexpr int64_t kMeasurementsAtOnce = 5000;
constexpr size_t kMaxRequestIdBytes = 128;
constexpr absl::Duration kSuspectAfter = absl::Seconds(30);
// Doubles hold every seed below this exactly, so that it survives any JSON on its way.
constexpr uint64_t kSeedLimit = uint64_t{1} << 53;

absl::StatusOr<TuningJobView> View(Reader& reader, TuningJob job) {
  TuningJobView view;
  PEGBOX_ASSIGN_OR_RETURN(view.counts, reader.CountTrials(job.id));
  PEGBOX_ASSIGN_OR_RETURN(const std::optional<Trial> best, reader.FindBestTrial(job.id, job.spec.objective.goal));
  if (best.has_value()) view.best_trial = best->id.number;
  view.job = std::move(job);
  return view;
}

uint64_t RandomSeed() {
  std::random_device device;
  return ((uint64_t{device()} << 32) | device()) % kSeedLimit;
}

// "Fashion MLP, wide!" -> "fashion-mlp-wide"
std::string IdFrom(absl::string_view display_name) {
  std::string id;
  for (char c : absl::AsciiStrToLower(display_name)) {
    if (absl::ascii_isalnum(c)) {
      id += c;
    } else if (!id.empty() && id.back() != '-') {
      id += '-';
    }
  }
  id.resize(std::min<size_t>(id.size(), 50));
  while (!id.empty() && id.back() == '-') id.pop_back();
  return id.empty() ? "job" : id;
}

// The first of name-1, name-2, ... that is free.
absl::StatusOr<std::string> FreeId(Reader& reader, absl::string_view display_name) {
  const std::string stem = IdFrom(display_name);
  for (int64_t i = 1;; ++i) {
    std::string id = absl::StrCat(stem, "-", i);
    const absl::Status found = reader.GetTuningJob(id).status();
    if (absl::IsNotFound(found)) return id;
    PEGBOX_RETURN_IF_ERROR(found);
  }
}

// The job that an earlier call with this request_id made.
absl::StatusOr<TuningJob> Repeated(const TuningJob& existing, CreateTuningJobRequest request) {
  if (!request.spec.strategy.seed.has_value()) request.spec.strategy.seed = existing.spec.strategy.seed;
  const bool is_same = existing.spec == request.spec && (request.job_id.empty() || request.job_id == existing.id);
  if (is_same) return existing;
  return absl::AlreadyExistsError(absl::StrCat("request_id: \"", request.request_id, "\" was used for another job, ",
                                               TuningJobName(existing.id), "; use a new one for a new job"));
}

absl::StatusOr<TuningJob> CreateIn(Transaction& tx, CreateTuningJobRequest request, absl::Time now) {
  if (!request.request_id.empty()) {
    PEGBOX_ASSIGN_OR_RETURN(const std::optional<TuningJob> existing, tx.FindTuningJobByRequestId(request.request_id));
    if (existing.has_value()) return Repeated(*existing, std::move(request));
  }
  TuningJob job;
  if (request.job_id.empty()) {
    PEGBOX_ASSIGN_OR_RETURN(job.id, FreeId(tx, request.spec.display_name));
  } else {
    job.id = std::move(request.job_id);
    const absl::Status found = tx.GetTuningJob(job.id).status();
    if (found.ok()) {
      return absl::AlreadyExistsError(
          absl::StrCat("tuning_job_id: ", TuningJobName(job.id), " exists; choose another id or leave it empty"));
    }
    if (!absl::IsNotFound(found)) return found;
  }
  job.spec = std::move(request.spec);
  if (!job.spec.strategy.seed.has_value()) job.spec.strategy.seed = RandomSeed();
  job.request_id = std::move(request.request_id);
  job.create_time = now;
  PEGBOX_RETURN_IF_ERROR(tx.PutTuningJob(job));
  return job;
}

// A full page may have cut its last revision in two: leaves that one for the next call.
void KeepWholeRevisions(JobChanges& changes) {
  std::vector<TrialMeasurement>& rows = changes.measurements;
  const int64_t cut = rows.back().revision;
  while (!rows.empty() && rows.back().revision == cut) rows.pop_back();
  changes.revision = rows.empty() ? cut : rows.back().revision;
  changes.is_complete = false;
}

}  // namespace

absl::StatusOr<TuningJobView> TuningJobs::Create(CreateTuningJobRequest request) {
  if (!request.job_id.empty()) PEGBOX_RETURN_IF_ERROR(ValidateResourceId("tuning_job_id", request.job_id));
  if (request.request_id.size() > kMaxRequestIdBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("request_id: must be at most ", kMaxRequestIdBytes, " bytes; got ", request.request_id.size()));
  }
  PEGBOX_RETURN_IF_ERROR(ValidateSpec(request.spec));
  TuningJobView view;
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(TuningJob job, CreateIn(tx, std::move(request), core_.clock.Now()));
    PEGBOX_ASSIGN_OR_RETURN(view, View(tx, std::move(job)));
    return absl::OkStatus();
  }));
  Log()->info("job created job={} max_jobs={} max_parallel_jobs={}", view.job.id, view.job.spec.max_jobs,
              view.job.spec.max_parallel_jobs);
  core_.jobs_to_plan.Push(view.job.id);
  return view;
}

absl::StatusOr<TuningJobView> TuningJobs::Get(absl::string_view job_id) {
  TuningJobView view;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(TuningJob job, reader.GetTuningJob(job_id));
    PEGBOX_ASSIGN_OR_RETURN(view, View(reader, std::move(job)));
    return absl::OkStatus();
  }));
  return view;
}

absl::StatusOr<std::vector<TuningJobView>> TuningJobs::List(const TuningJobQuery& query) {
  std::vector<TuningJobView> views;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(std::vector<TuningJob> jobs, reader.ListTuningJobs(query));
    for (TuningJob& job : jobs) {
      PEGBOX_ASSIGN_OR_RETURN(TuningJobView view, View(reader, std::move(job)));
      views.push_back(std::move(view));
    }
    return absl::OkStatus();
  }));
  return views;
}

absl::StatusOr<TuningJobView> TuningJobs::Change(
    absl::string_view job_id, const std::function<absl::Status(TuningJob&, const TrialCounts&)>& change) {
  TuningJobView view;
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const TuningJob before, tx.GetTuningJob(job_id));
    PEGBOX_ASSIGN_OR_RETURN(const TrialCounts counts, tx.CountTrials(job_id));
    TuningJob after = before;
    PEGBOX_RETURN_IF_ERROR(change(after, counts));
    if (!(after == before)) PEGBOX_RETURN_IF_ERROR(tx.PutTuningJob(after));
    PEGBOX_ASSIGN_OR_RETURN(view, View(tx, std::move(after)));
    return absl::OkStatus();
  }));
  core_.jobs_to_plan.Push(job_id);
  core_.signal.Notify(JobTopic(job_id));
  core_.signal.Notify(kDispatchTopic);
  return view;
}

absl::StatusOr<TuningJobView> TuningJobs::Update(absl::string_view job_id, const LimitChanges& changes) {
  return Change(job_id, [&](TuningJob& job, const TrialCounts& counts) -> absl::Status {
    if (job.state != JobState::kRunning && job.state != JobState::kPaused) {
      return absl::FailedPreconditionError(absl::StrCat(TuningJobName(job.id), " is ", ToString(job.state),
                                                        "; only a running or paused job can be changed"));
    }
    if (changes.max_jobs.has_value()) {
      if (*changes.max_jobs < counts.total()) {
        return absl::InvalidArgumentError(absl::StrCat("max_jobs: must be at least ", counts.total(),
                                                       ", the trials that exist; got ", *changes.max_jobs,
                                                       "; to end the job now, stop it"));
      }
      job.spec.max_jobs = *changes.max_jobs;
    }
    if (changes.max_parallel_jobs.has_value()) job.spec.max_parallel_jobs = *changes.max_parallel_jobs;
    if (changes.max_runtime.has_value()) job.spec.max_runtime = *changes.max_runtime;
    return ValidateSpec(job.spec, "");
  });
}

absl::StatusOr<TuningJobView> TuningJobs::Stop(absl::string_view job_id) {
  return Change(job_id, [](TuningJob& job, const TrialCounts&) {
    return RequestEnd(job, EndReason::kUser, "stopped by a user");
  });
}

absl::StatusOr<TuningJobView> TuningJobs::Pause(absl::string_view job_id) {
  return Change(job_id, [](TuningJob& job, const TrialCounts&) { return pegbox::Pause(job); });
}

absl::StatusOr<TuningJobView> TuningJobs::Resume(absl::string_view job_id) {
  return Change(job_id, [](TuningJob& job, const TrialCounts&) { return pegbox::Resume(job); });
}

absl::StatusOr<JobChanges> TuningJobs::ChangesSince(absl::string_view job_id, int64_t revision) {
  JobChanges changes;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(TuningJob job, reader.GetTuningJob(job_id));
    PEGBOX_ASSIGN_OR_RETURN(changes.revision, reader.Revision());
    for (int64_t offset = 0;; offset += kTrialsAtOnce) {
      PEGBOX_ASSIGN_OR_RETURN(
          std::vector<Trial> trials,
          reader.ListTrials(job_id, {.since_revision = revision, .limit = kTrialsAtOnce, .offset = offset}));
      std::move(trials.begin(), trials.end(), std::back_inserter(changes.trials));
      if (std::ssize(trials) < kTrialsAtOnce) break;
    }
    PEGBOX_ASSIGN_OR_RETURN(changes.measurements,
                            reader.ListMeasurements(job_id, {.since_revision = revision,
                                                             .order = MeasurementQuery::Order::kRevision,
                                                             .limit = kMeasurementsAtOnce}));
    if (std::ssize(changes.measurements) == kMeasurementsAtOnce) KeepWholeRevisions(changes);
    if (job.revision > revision || !changes.trials.empty()) {
      PEGBOX_ASSIGN_OR_RETURN(changes.job, View(reader, std::move(job)));
    }
    return absl::OkStatus();
  }));
  return changes;
}

absl::StatusOr<Trial> TuningJobs::GetTrial(const TrialId& id) {
  Trial trial;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(trial, reader.GetTrial(id));
    return absl::OkStatus();
  }));
  return trial;
}

absl::StatusOr<std::vector<Attempt>> TuningJobs::ListAttempts(const TrialId& id) {
  std::vector<Attempt> attempts;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(attempts, reader.ListAttempts(id));
    return absl::OkStatus();
  }));
  return attempts;
}

absl::StatusOr<std::vector<Trial>> TuningJobs::ListTrials(absl::string_view job_id, TrialQuery query) {
  std::vector<Trial> trials;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const TuningJob job, reader.GetTuningJob(job_id));
    query.goal = job.spec.objective.goal;
    PEGBOX_ASSIGN_OR_RETURN(trials, reader.ListTrials(job_id, query));
    return absl::OkStatus();
  }));
  return trials;
}

absl::StatusOr<Trial> TuningJobs::StopTrial(const TrialId& id) {
  Trial trial;
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(trial, tx.GetTrial(id));
    const Trial before = trial;
    if (trial.state == TrialState::kCanceled) return absl::OkStatus();
    PEGBOX_RETURN_IF_ERROR(RequestStop(
        trial, {.rule = "user", .outcome = StopDecision::Outcome::kCanceled, .explanation = "stopped by a user"},
        core_.clock.Now()));
    return trial == before ? absl::OkStatus() : tx.PutTrial(trial);
  }));
  core_.jobs_to_plan.Push(id.job_id);
  core_.signal.Notify(JobTopic(id.job_id));
  if (trial.state == TrialState::kStopping) core_.signal.Notify(WorkerTopic(trial.attempt->worker_id));
  return trial;
}

absl::StatusOr<std::vector<TrialMeasurement>> TuningJobs::ListMeasurements(const TrialId& id,
                                                                           const MeasurementQuery& query) {
  std::vector<TrialMeasurement> rows;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_RETURN_IF_ERROR(reader.GetTrial(id).status());
    MeasurementQuery of_trial = query;
    of_trial.trial_number = id.number;
    PEGBOX_ASSIGN_OR_RETURN(rows, reader.ListMeasurements(id.job_id, of_trial));
    return absl::OkStatus();
  }));
  return rows;
}

absl::StatusOr<std::string> TuningJobs::ReadLog(const TrialId& id, int64_t attempt, int64_t offset, int64_t limit) {
  return core_.trial_log.Read(id, attempt, offset, limit);
}

absl::StatusOr<std::vector<WorkerView>> TuningJobs::ListWorkers() {
  std::vector<WorkerView> views;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(std::vector<Worker> workers, reader.ListWorkers());
    for (Worker& worker : workers) {
      WorkerView view;
      PEGBOX_ASSIGN_OR_RETURN(const std::vector<Trial> live, reader.ListLiveTrials(worker.id));
      for (const Trial& trial : live) view.running_trials.push_back(trial.id);
      view.worker = std::move(worker);
      views.push_back(std::move(view));
    }
    return absl::OkStatus();
  }));
  const absl::Time now = core_.clock.Now();
  for (WorkerView& view : views) {
    view.last_heard = core_.leases.LastHeardFrom(view.worker.id);
    const absl::Duration silence = now - view.last_heard.value_or(absl::InfinitePast());
    if (!view.worker.has_left && silence < core_.leases.lease_duration()) {
      view.state = silence < kSuspectAfter ? WorkerState::kOnline : WorkerState::kSuspect;
    }
  }
  return views;
}

}  // namespace pegbox
