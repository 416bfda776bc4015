#include "server/engine/job_diagnoses.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status_macros.h"

namespace pegbox {
namespace {

constexpr int64_t kMaxTrials = 2'000;
constexpr int64_t kRowsAtOnce = 10'000;
constexpr absl::string_view kValidationPrefix = "validation:";

absl::Status Missing(absl::string_view field, const Objective& objective) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": must be named, because the objective ", objective.metric,
                   " is not called \"validation:...\"; name a metric that the trials report"));
}

absl::StatusOr<MetricPair> ChoosePair(const DiagnosisRequest& request, const Objective& objective) {
  MetricPair pair{.train = request.train_metric,
                  .validation = request.validation_metric,
                  .goal = request.goal.value_or(objective.goal)};
  absl::string_view measure = objective.metric;
  const bool is_named = absl::ConsumePrefix(&measure, kValidationPrefix);
  if (pair.validation.empty()) {
    if (!is_named) return Missing("validation_metric", objective);
    pair.validation = objective.metric;
  }
  if (pair.train.empty()) {
    if (!is_named) return Missing("train_metric", objective);
    pair.train = absl::StrCat("train:", measure);
  }
  PEGBOX_RETURN_IF_ERROR(ValidateMetricName(pair.train, "train_metric"));
  PEGBOX_RETURN_IF_ERROR(ValidateMetricName(pair.validation, "validation_metric"));
  return pair;
}

// The first attempt's value of a step counts.
absl::StatusOr<MetricCurve> ReadCurve(Reader& reader, const TrialId& id, const std::string& metric) {
  MetricCurve curve;
  for (int64_t offset = 0;; offset += kRowsAtOnce) {
    PEGBOX_ASSIGN_OR_RETURN(
        const std::vector<TrialMeasurement> rows,
        reader.ListMeasurements(id.job_id,
                                {.trial_number = id.number, .metric = metric, .limit = kRowsAtOnce, .offset = offset}));
    for (const TrialMeasurement& row : rows) curve.Add({row.measurement.step, row.measurement.value});
    if (std::ssize(rows) < kRowsAtOnce) return curve;
  }
}

}  // namespace

absl::StatusOr<JobDiagnosis> JobDiagnoses::Diagnose(const DiagnosisRequest& request) {
  TuningJob job;
  MetricPair pair;
  std::vector<TrialCurves> curves;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(job, reader.GetTuningJob(request.job_id));
    PEGBOX_ASSIGN_OR_RETURN(pair, ChoosePair(request, job.spec.objective));
    PEGBOX_ASSIGN_OR_RETURN(const TrialCounts counts, reader.CountTrials(request.job_id));
    PEGBOX_ASSIGN_OR_RETURN(
        const std::vector<Trial> trials,
        reader.ListTrials(request.job_id,
                          {.limit = kMaxTrials, .offset = std::max<int64_t>(0, counts.total() - kMaxTrials)}));
    for (const Trial& trial : trials) {
      if (!trial.attempt.has_value()) continue;
      TrialCurves entry{.trial_number = trial.id.number,
                        .parameters = trial.parameters,
                        .value = trial.value,
                        .was_stopped = trial.stop.has_value() || !IsTerminal(trial.state)};
      PEGBOX_ASSIGN_OR_RETURN(entry.train, ReadCurve(reader, trial.id, pair.train));
      PEGBOX_ASSIGN_OR_RETURN(entry.validation, ReadCurve(reader, trial.id, pair.validation));
      curves.push_back(std::move(entry));
    }
    return absl::OkStatus();
  }));
  return DiagnoseJob(job.spec.search_space, job.spec.objective, pair, curves);
}

}  // namespace pegbox
