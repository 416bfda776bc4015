#include "client/cli/job_progress.h"

#include <algorithm>
#include <string>

#include "client/cli/format.h"

namespace pegbox::cli {
namespace {

// Points that no model chose.
bool IsInitial(const v1::Trial& trial) {
  const std::string& source = trial.provenance().source();
  return source == "initial" || source == "random" || source == "sobol";
}

bool WasStoppedByRule(const v1::Trial& trial) {
  return trial.state() == v1::Trial::EARLY_STOPPED ||
         (trial.state() == v1::Trial::COMPLETED && trial.stop().rule() == "patience");
}

}  // namespace

bool HasEnded(const v1::TuningJob& job) {
  return job.state() == v1::TuningJob::STOPPED || job.state() == v1::TuningJob::COMPLETED ||
         job.state() == v1::TuningJob::FAILED;
}

bool HasEnded(const v1::Trial& trial) {
  return trial.state() == v1::Trial::COMPLETED || trial.state() == v1::Trial::EARLY_STOPPED ||
         trial.state() == v1::Trial::FAILED || trial.state() == v1::Trial::CANCELED;
}

JobProgress::Changes JobProgress::Apply(const v1::WatchTuningJobResponse& event) {
  Changes changes;
  const v1::Trial* const best_before = best();
  const std::optional<std::pair<std::string, double>> before =
      best_before == nullptr ? std::nullopt : std::optional(std::pair(best_before->name(), best_before->value()));

  if (event.has_tuning_job()) job_ = event.tuning_job();
  for (const v1::Trial& trial : event.trials()) {
    v1::Trial& known = trials_[TrialNumber(trial.name())];
    if (HasEnded(trial) && !HasEnded(known)) changes.ended_trials.push_back(TrialNumber(trial.name()));
    known = trial;
  }
  std::sort(changes.ended_trials.begin(), changes.ended_trials.end());
  for (const v1::TrialMeasurement& row : event.measurements()) {
    const v1::Measurement& measurement = row.measurement();
    if (measurement.metric() != job_.spec().objective().metric()) continue;
    Report& report = reports_[row.trial_number()][measurement.step()];
    if (row.attempt() <= report.attempt) continue;
    report = {.attempt = row.attempt(), .value = measurement.value()};
    curves_[row.trial_number()][measurement.step()] = measurement.value();
  }

  const v1::Trial* const now = best();
  changes.is_best_new = now != nullptr && before != std::pair(now->name(), now->value());
  return changes;
}

const v1::Trial* JobProgress::best() const {
  const auto found = trials_.find(TrialNumber(job_.best_trial()));
  return found != trials_.end() && found->second.has_value() ? &found->second : nullptr;
}

const std::map<int64_t, double>& JobProgress::Curve(int64_t trial_number) const {
  static const auto* const empty = new std::map<int64_t, double>;
  const auto found = curves_.find(trial_number);
  return found == curves_.end() ? *empty : found->second;
}

JobProgress::Epochs JobProgress::CountEpochs() const {
  Epochs epochs;
  int64_t longest = 0;
  for (const auto& [number, trial] : trials_) {
    const auto count = static_cast<int64_t>(Curve(number).size());
    epochs.run += count;
    if (trial.state() == v1::Trial::COMPLETED) longest = std::max(longest, count);
  }
  for (const auto& [number, trial] : trials_) {
    if (!WasStoppedByRule(trial)) continue;
    ++epochs.stopped_trials;
    epochs.saved += std::max<int64_t>(0, longest - static_cast<int64_t>(Curve(number).size()));
  }
  return epochs;
}

bool JobProgress::IsBetter(double a, double b) const {
  return job_.spec().objective().goal() == v1::Objective::MAXIMIZE ? a > b : a < b;
}

std::optional<JobProgress::Gain> JobProgress::SearchGain() const {
  const v1::Trial* const best_trial = best();
  if (best_trial == nullptr) return std::nullopt;
  Gain gain{.best = best_trial->value()};
  bool has_chosen = false;
  for (const auto& [number, trial] : trials_) {
    if (!trial.has_value() || trial.state() == v1::Trial::FAILED) continue;
    if (!IsInitial(trial)) {
      has_chosen = true;
      continue;
    }
    if (gain.initial_trials++ == 0 || IsBetter(trial.value(), gain.initial_best)) gain.initial_best = trial.value();
  }
  if (gain.initial_trials == 0 || !has_chosen) return std::nullopt;
  return gain;
}

}  // namespace pegbox::cli
