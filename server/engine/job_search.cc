#include "server/engine/job_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/status_macros.h"
#include "server/engine/planning.h"

namespace pegbox {
namespace {

constexpr int64_t kPage = 10'000;
constexpr int64_t kFewParallel = 4;
constexpr absl::Duration kNextToNoTime = absl::Milliseconds(10);
constexpr int64_t kMaxAhead = 4;
constexpr double kShareThatMayWait = 0.01;
constexpr double kNewestShare = 0.3;  // of the smoothed time

bool ByNumber(const Observation& observation, int64_t trial_number) { return observation.trial_number < trial_number; }

}  // namespace

int64_t SuggestionsAhead(int64_t max_parallel_jobs, absl::Duration suggest_time, absl::Duration time_between_ends) {
  if (max_parallel_jobs < kFewParallel || suggest_time < kNextToNoTime) return 0;
  const double rho = absl::FDivDuration(suggest_time, time_between_ends);
  if (!(rho < 1)) return kMaxAhead;
  if (rho <= kShareThatMayWait) return 1;
  return std::min(kMaxAhead, static_cast<int64_t>(std::ceil(std::log(kShareThatMayWait) / std::log(rho))));
}

JobSearch::JobSearch(const TuningJobSpec& spec, std::unique_ptr<Searcher> searcher, const Clock& clock)
    : spec_(spec), searcher_(std::move(searcher)), clock_(clock) {}

absl::Status JobSearch::Refresh(Reader& reader, const LiveJob& live_job) {
  const int64_t ends = live_job.end_count();
  PEGBOX_ASSIGN_OR_RETURN(const int64_t revision, reader.Revision());
  for (int64_t offset = 0;; offset += kPage) {
    PEGBOX_ASSIGN_OR_RETURN(
        std::vector<Trial> trials,
        reader.ListTrials(live_job.job().id, {.since_revision = revision_, .limit = kPage, .offset = offset}));
    for (Trial& trial : trials) {
      if (trial.provenance.fit.has_value()) OfferFit(*trial.provenance.fit, trial.id.number);
      Put(trial.id.number, live_job.Observe(trial));
      const bool is_stopped = trial.state == TrialState::kEarlyStopped || trial.state == TrialState::kCanceled;
      if (is_stopped && trial.last_step.has_value()) stopped_.insert_or_assign(trial.id.number, std::move(trial));
    }
    if (std::ssize(trials) < kPage) break;
  }
  if (ends != ends_seen_) {
    for (const auto& [number, trial] : stopped_) Put(number, live_job.Observe(trial));
  }
  revision_ = revision;
  ends_seen_ = ends;
  return absl::OkStatus();
}

absl::StatusOr<bool> JobSearch::Suggest(int64_t trials) {
  const size_t known = observations_.size();
  int64_t number = trials + 1;
  std::optional<SurrogateFit> last_fit;
  {
    absl::MutexLock lock(&mu_);
    last_fit = newest_fit_;
    for (auto it = ready_.upper_bound(trials); it != ready_.end(); ++it) {
      observations_.push_back({.trial_number = it->first, .parameters = it->second.parameters});
      number = it->first + 1;
    }
  }
  const absl::Time begin = clock_.Now();
  absl::StatusOr<std::vector<Suggestion>> suggestions =
      searcher_->Suggest(Snapshot(observations_, last_fit, number), /*count=*/1);
  const absl::Duration time = clock_.Now() - begin;
  observations_.resize(known);
  if (!suggestions.ok()) return suggestions.status();
  if (suggestions->empty()) return false;

  Suggestion suggestion = std::move(suggestions->front());
  suggestion.provenance.suggest_milliseconds = absl::ToDoubleMilliseconds(time);
  if (suggestion.provenance.fit.has_value()) OfferFit(*suggestion.provenance.fit, number);
  absl::MutexLock lock(&mu_);
  suggest_time_ = suggest_time_ == absl::ZeroDuration() ? time : suggest_time_ + kNewestShare * (time - suggest_time_);
  ready_.insert_or_assign(number, std::move(suggestion));
  return true;
}

std::optional<int64_t> JobSearch::Recommend() const {
  std::optional<SurrogateFit> last_fit;
  {
    absl::MutexLock lock(&mu_);
    last_fit = newest_fit_;
  }
  return searcher_->Recommend(Snapshot(observations_, last_fit, /*next_trial_number=*/1));
}

std::vector<Suggestion> JobSearch::Ready(int64_t trials, int64_t limit) const {
  std::vector<Suggestion> suggestions;
  absl::MutexLock lock(&mu_);
  for (auto it = ready_.upper_bound(trials); it != ready_.end() && std::ssize(suggestions) < limit; ++it) {
    suggestions.push_back(it->second);
  }
  return suggestions;
}

int64_t JobSearch::CountReady(int64_t trials) const {
  absl::MutexLock lock(&mu_);
  return std::distance(ready_.upper_bound(trials), ready_.end());
}

void JobSearch::DropUpTo(int64_t trials) {
  absl::MutexLock lock(&mu_);
  ready_.erase(ready_.begin(), ready_.upper_bound(trials));
}

absl::Duration JobSearch::suggest_time() const {
  absl::MutexLock lock(&mu_);
  return suggest_time_;
}

bool JobSearch::ClaimFit() {
  absl::MutexLock lock(&mu_);
  if (fitting_.has_value()) return false;
  if (!searcher_->IsFitDue(Snapshot(observations_, newest_fit_, /*next_trial_number=*/1))) return false;
  fitting_ = observations_;
  return true;
}

absl::Status JobSearch::MakeFit() {
  std::vector<Observation> observations;
  std::optional<SurrogateFit> last_fit;
  {
    absl::MutexLock lock(&mu_);
    if (!fitting_.has_value()) return absl::OkStatus();
    observations = *fitting_;
    last_fit = newest_fit_;
  }
  const absl::StatusOr<SurrogateFit> fit = searcher_->Fit(Snapshot(observations, last_fit, /*next_trial_number=*/1));
  // As old as can be: with as many outcomes, the fit that is stored with a trial is the one that a restart finds.
  if (fit.ok()) OfferFit(*fit, /*trial_number=*/0);
  absl::MutexLock lock(&mu_);
  fitting_.reset();
  return absl::IsFailedPrecondition(fit.status()) ? absl::OkStatus() : fit.status();
}

void JobSearch::Put(int64_t trial_number, std::optional<Observation> observation) {
  const auto it = std::lower_bound(observations_.begin(), observations_.end(), trial_number, ByNumber);
  const bool is_known = it != observations_.end() && it->trial_number == trial_number;
  if (!observation.has_value()) {
    if (is_known) observations_.erase(it);
  } else if (is_known) {
    *it = *std::move(observation);
  } else {
    observations_.insert(it, *std::move(observation));
  }
}

SearchSnapshot JobSearch::Snapshot(const std::vector<Observation>& observations,
                                   const std::optional<SurrogateFit>& last_fit, int64_t next_trial_number) const {
  return {.space = spec_.search_space,
          .goal = spec_.objective.goal,
          .seed = spec_.strategy.seed.value(),
          .next_trial_number = next_trial_number,
          .observations = observations,
          .last_fit = last_fit.has_value() ? &*last_fit : nullptr};
}

void JobSearch::OfferFit(const SurrogateFit& fit, int64_t trial_number) {
  const std::pair<int64_t, int64_t> age = {fit.outcomes, trial_number};
  absl::MutexLock lock(&mu_);
  if (newest_fit_.has_value() && age < newest_fit_age_) return;
  newest_fit_ = fit;
  newest_fit_age_ = age;
}

absl::StatusOr<int64_t> QueueReady(Transaction& tx, const LiveJob& live_job, absl::Time now) {
  const JobSearch* const search = live_job.search();
  if (search == nullptr || search->CountReady(/*trials=*/0) == 0) return 0;
  PEGBOX_ASSIGN_OR_RETURN(const PlannedJob planned, PlanFrom(tx, live_job, now));
  const int64_t trials = planned.counts.total();
  std::vector<Suggestion> suggestions = search->Ready(trials, planned.plan.suggestions);
  for (size_t i = 0; i < suggestions.size(); ++i) {
    PEGBOX_RETURN_IF_ERROR(
        tx.PutTrial({.id = {.job_id = live_job.job().id, .number = trials + 1 + static_cast<int64_t>(i)},
                     .parameters = std::move(suggestions[i].parameters),
                     .provenance = std::move(suggestions[i].provenance),
                     .create_time = now}));
  }
  return std::ssize(suggestions);
}

}  // namespace pegbox
