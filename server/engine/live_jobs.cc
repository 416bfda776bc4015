#include "server/engine/live_jobs.h"

#include <algorithm>
#include <utility>

#include "common/status_macros.h"
#include "server/engine/job_search.h"
#include "server/search/imputation.h"
#include "server/stopping/stopping_policy.h"

namespace pegbox {
namespace {

constexpr int64_t kPage = 10'000;
constexpr int64_t kLastEnds = 32;

}  // namespace

LiveJob::LiveJob(TuningJob job) : job_(std::move(job)) {}

LiveJob::~LiveJob() = default;

absl::StatusOr<std::shared_ptr<LiveJob>> LiveJob::Load(Reader& reader, absl::string_view job_id) {
  PEGBOX_ASSIGN_OR_RETURN(TuningJob job, reader.GetTuningJob(job_id));
  std::shared_ptr<LiveJob> live_job(new LiveJob(std::move(job)));
  for (int64_t offset = 0;; offset += kPage) {
    PEGBOX_ASSIGN_OR_RETURN(const std::vector<Trial> trials,
                            reader.ListTrials(job_id, {.limit = kPage, .offset = offset}));
    for (const Trial& trial : trials) live_job->TrialEnded(trial);
    if (std::ssize(trials) < kPage) break;
  }
  absl::MutexLock lock(&live_job->mu_);
  for (int64_t offset = 0;; offset += kPage) {
    PEGBOX_ASSIGN_OR_RETURN(
        const std::vector<TrialMeasurement> rows,
        reader.ListMeasurements(job_id,
                                {.metric = live_job->job_.spec.objective.metric, .limit = kPage, .offset = offset}));
    for (const TrialMeasurement& row : rows) {
      live_job->curves_[row.trial_number].Add({.step = row.measurement.step, .value = row.measurement.value});
    }
    if (std::ssize(rows) < kPage) break;
  }
  return live_job;
}

void LiveJob::Add(int64_t trial_number, const std::vector<Measurement>& rows) {
  if (rows.empty()) return;
  absl::MutexLock lock(&mu_);
  MetricCurve& curve = curves_[trial_number];
  for (const Measurement& row : rows) curve.Add({.step = row.step, .value = row.value});
}

std::optional<StopDecision> LiveJob::AddAndEvaluate(int64_t trial_number, const std::vector<Measurement>& rows) {
  absl::MutexLock lock(&mu_);
  MetricCurve& curve = curves_[trial_number];
  for (const Measurement& row : rows) curve.Add({.step = row.step, .value = row.value});
  if (curve.empty()) return std::nullopt;
  const std::vector<const MetricCurve*> completed = CompletedCurves();
  return Evaluate(job_.spec.early_stopping, {.objective = job_.spec.objective, .curve = curve, .completed = completed});
}

void LiveJob::TrialEnded(const Trial& trial) {
  if (!IsTerminal(trial.state)) return;
  absl::MutexLock lock(&mu_);
  ++end_count_;
  if (trial.state == TrialState::kCanceled) return;
  ends_[{trial.end_time.value_or(absl::InfinitePast()), trial.id.number}] = trial.failure;
  if (trial.state == TrialState::kCompleted) completed_.insert(trial.id.number);
}

int64_t LiveJob::end_count() const {
  absl::MutexLock lock(&mu_);
  return end_count_;
}

absl::Duration LiveJob::TimeBetweenEnds() const {
  absl::MutexLock lock(&mu_);
  const int64_t spans = std::min(std::ssize(ends_) - 1, kLastEnds);
  if (spans < 1) return absl::InfiniteDuration();
  return (ends_.rbegin()->first.first - std::next(ends_.rbegin(), spans)->first.first) / spans;
}

int64_t LiveJob::consecutive_failures() const {
  absl::MutexLock lock(&mu_);
  const auto last_success =
      std::find_if(ends_.rbegin(), ends_.rend(), [](const auto& end) { return !end.second.has_value(); });
  return std::distance(ends_.rbegin(), last_success);
}

std::string LiveJob::last_failure() const {
  absl::MutexLock lock(&mu_);
  for (auto it = ends_.rbegin(); it != ends_.rend(); ++it) {
    if (it->second.has_value()) return it->second->detail;
  }
  return "";
}

std::optional<Observation> LiveJob::Observe(const Trial& trial) const {
  Observation observation{.trial_number = trial.id.number, .parameters = trial.parameters};
  switch (trial.state) {
    case TrialState::kQueued:
    case TrialState::kRunning:
    case TrialState::kStopping:
      return observation;
    case TrialState::kCompleted:
      observation.kind = Observation::Kind::kMeasured;
      observation.value = trial.value.value();
      return observation;
    case TrialState::kFailed:
      if (trial.failure.has_value() && IsInfrastructure(trial.failure->kind)) return std::nullopt;
      observation.kind = Observation::Kind::kFailed;
      return observation;
    case TrialState::kEarlyStopped:
    case TrialState::kCanceled:
      break;
  }
  absl::MutexLock lock(&mu_);
  const auto curve = curves_.find(trial.id.number);
  if (curve == curves_.end()) return std::nullopt;
  const std::optional<double> final_value = ImputeFinalValue(job_.spec.objective, curve->second, CompletedCurves());
  if (!final_value.has_value()) return std::nullopt;
  observation.kind = Observation::Kind::kMeasured;
  observation.value = *final_value;
  observation.is_imputed = true;
  return observation;
}

std::vector<const MetricCurve*> LiveJob::CompletedCurves() const {
  std::vector<const MetricCurve*> completed;
  completed.reserve(completed_.size());
  for (int64_t number : completed_) {
    const auto curve = curves_.find(number);
    if (curve != curves_.end()) completed.push_back(&curve->second);
  }
  return completed;
}

JobSearch& LiveJob::MakeSearch(const SearcherFactory& make_searcher, const Clock& clock) {
  absl::MutexLock lock(&mu_);
  if (search_ == nullptr) search_ = std::make_unique<JobSearch>(job_.spec, make_searcher(job_.spec), clock);
  return *search_;
}

JobSearch* LiveJob::search() const {
  absl::MutexLock lock(&mu_);
  return search_.get();
}

void LiveJob::set_space_exhausted() {
  absl::MutexLock lock(&mu_);
  is_space_exhausted_ = true;
}

bool LiveJob::is_space_exhausted() const {
  absl::MutexLock lock(&mu_);
  return is_space_exhausted_;
}

absl::StatusOr<std::shared_ptr<LiveJob>> LiveJobs::Get(absl::string_view job_id) {
  {
    absl::MutexLock lock(&mu_);
    const auto it = jobs_.find(std::string(job_id));
    if (it != jobs_.end()) return it->second;
  }
  std::shared_ptr<LiveJob> loaded;
  PEGBOX_RETURN_IF_ERROR(store_.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(loaded, LiveJob::Load(reader, job_id));
    return absl::OkStatus();
  }));
  absl::MutexLock lock(&mu_);
  return jobs_.try_emplace(std::string(job_id), std::move(loaded)).first->second;
}

void LiveJobs::Forget(absl::string_view job_id) {
  absl::MutexLock lock(&mu_);
  jobs_.erase(std::string(job_id));
}

}  // namespace pegbox
