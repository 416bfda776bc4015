#include "server/rpc/convert_diagnosis.h"

#include "common/resource_name.h"
#include "common/status_macros.h"
#include "server/rpc/convert_enum.h"

namespace pegbox {
namespace {

using pegbox::ToProto;

v1::TuningJobDiagnosis::Verdict ToProto(Verdict verdict) {
  switch (verdict) {
    case Verdict::kTooFewTrials:
      return v1::TuningJobDiagnosis::TOO_FEW_TRIALS;
    case Verdict::kOverfits:
      return v1::TuningJobDiagnosis::OVERFITS;
    case Verdict::kUnderfits:
      return v1::TuningJobDiagnosis::UNDERFITS;
    case Verdict::kGeneralizes:
      return v1::TuningJobDiagnosis::GENERALIZES;
  }
  return v1::TuningJobDiagnosis::VERDICT_UNSPECIFIED;
}

v1::TrialGeneralization ToProto(absl::string_view job_id, const DiagnosedTrial& trial) {
  v1::TrialGeneralization proto;
  proto.set_trial(TrialName({std::string(job_id), trial.trial_number}));
  if (trial.value.has_value()) proto.set_value(*trial.value);
  const Generalization& generalization = trial.generalization;
  proto.set_best_step(generalization.best_step);
  proto.set_train(generalization.train);
  proto.set_validation(generalization.validation);
  proto.set_gap(generalization.gap);
  if (generalization.divergence_step.has_value()) proto.set_divergence_step(*generalization.divergence_step);
  proto.set_last_step(trial.last_step);
  return proto;
}

v1::ParameterEffect::Association ToProto(const Association& association) {
  v1::ParameterEffect::Association proto;
  proto.set_strength(association.strength);
  proto.set_p_value(association.p_value);
  return proto;
}

v1::ParameterEffect ToProto(const ParameterEffect& effect) {
  v1::ParameterEffect proto;
  proto.set_parameter(effect.parameter);
  proto.set_is_choice(!effect.is_ordered);
  proto.set_trials(effect.trials);
  *proto.mutable_with_gap() = ToProto(effect.with_gap);
  *proto.mutable_with_value() = ToProto(effect.with_value);
  proto.set_low_gap(effect.low_gap);
  proto.set_high_gap(effect.high_gap);
  return proto;
}

v1::BoundPressure ToProto(const BoundPressure& pressure) {
  v1::BoundPressure proto;
  proto.set_parameter(pressure.parameter);
  proto.set_is_maximum(pressure.is_maximum);
  proto.set_bound(pressure.bound);
  proto.set_trials(pressure.trials);
  proto.set_best_trials(pressure.best_trials);
  return proto;
}

}  // namespace

absl::StatusOr<DiagnosisRequest> FromProto(const v1::DiagnoseTuningJobRequest& request) {
  DiagnosisRequest result{.train_metric = request.train_metric(), .validation_metric = request.validation_metric()};
  PEGBOX_ASSIGN_OR_RETURN(result.job_id, ParseTuningJobName("name", request.name()));
  switch (request.goal()) {
    case v1::Objective::GOAL_UNSPECIFIED:
      return result;
    case v1::Objective::MINIMIZE:
      result.goal = Goal::kMinimize;
      return result;
    case v1::Objective::MAXIMIZE:
      result.goal = Goal::kMaximize;
      return result;
    default:
      return BadEnum("goal", "MINIMIZE or MAXIMIZE", request.goal());
  }
}

v1::TuningJobDiagnosis ToProto(absl::string_view job_id, const JobDiagnosis& diagnosis) {
  v1::TuningJobDiagnosis proto;
  proto.set_train_metric(diagnosis.pair.train);
  proto.set_validation_metric(diagnosis.pair.validation);
  proto.set_verdict(ToProto(diagnosis.verdict));
  proto.set_diverged_trials(diagnosis.diverged_trials);
  if (diagnosis.median_divergence_step.has_value()) proto.set_median_divergence_step(*diagnosis.median_divergence_step);
  proto.set_median_gap(diagnosis.median_gap);
  proto.set_median_train(diagnosis.median_train);
  proto.set_median_validation(diagnosis.median_validation);
  for (int64_t number : diagnosis.best_trials) proto.add_best_trials(TrialName({std::string(job_id), number}));
  for (const DiagnosedTrial& trial : diagnosis.trials) *proto.add_trials() = ToProto(job_id, trial);
  for (const ParameterEffect& effect : diagnosis.effects) *proto.add_effects() = ToProto(effect);
  for (const BoundPressure& pressure : diagnosis.pressures) *proto.add_pressures() = ToProto(pressure);
  for (const std::string& finding : diagnosis.findings) proto.add_findings(finding);
  return proto;
}

}  // namespace pegbox
