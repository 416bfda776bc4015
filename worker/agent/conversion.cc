#include "worker/agent/conversion.h"

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace pegbox::worker {
namespace {

void ToProto(absl::Time time, google::protobuf::Timestamp& proto) {
  const timespec parts = absl::ToTimespec(time);
  proto.set_seconds(parts.tv_sec);
  proto.set_nanos(static_cast<int32_t>(parts.tv_nsec));
}

absl::StatusOr<ParameterValue> FromProto(const std::string& name, const v1::ParameterValue& proto) {
  switch (proto.kind_case()) {
    case v1::ParameterValue::kDoubleValue:
      return ParameterValue(proto.double_value());
    case v1::ParameterValue::kIntValue:
      return ParameterValue(static_cast<int64_t>(proto.int_value()));
    case v1::ParameterValue::kStringValue:
      return ParameterValue(proto.string_value());
    case v1::ParameterValue::kBoolValue:
      return ParameterValue(proto.bool_value());
    case v1::ParameterValue::KIND_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("parameters[", name, "]: must have a value of a known type; is the worker older than the server?"));
}

v1::Failure::Kind ToProto(FailureKind kind) {
  switch (kind) {
    case FailureKind::kExitCode:
      return v1::Failure::EXIT_CODE;
    case FailureKind::kSignal:
      return v1::Failure::SIGNAL;
    case FailureKind::kOutOfMemory:
      return v1::Failure::OUT_OF_MEMORY;
    case FailureKind::kTimeout:
      return v1::Failure::TIMEOUT;
    case FailureKind::kLost:
      return v1::Failure::LOST;
    case FailureKind::kSpawn:
      return v1::Failure::SPAWN;
  }
  return v1::Failure::KIND_UNSPECIFIED;
}

}  // namespace

absl::Duration FromProto(const google::protobuf::Duration& proto) {
  return absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

void ToProto(absl::Duration duration, google::protobuf::Duration& proto) {
  absl::Duration rest;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
}

absl::StatusOr<AttemptId> FromProto(const v1::AttemptId& proto) {
  AttemptId id;
  PEGBOX_ASSIGN_OR_RETURN(id.trial, ParseTrialName("id.trial", proto.trial()));
  if (proto.attempt() < 1) {
    return absl::InvalidArgumentError(absl::StrCat("id.attempt: must be 1 or more; got ", proto.attempt()));
  }
  id.number = proto.attempt();
  return id;
}

void ToProto(const AttemptId& id, v1::AttemptId& proto) {
  proto.set_trial(TrialName(id.trial));
  proto.set_attempt(id.number);
}

absl::StatusOr<Assignment> FromProto(const v1::TrialAssignment& proto) {
  Assignment assignment;
  PEGBOX_ASSIGN_OR_RETURN(assignment.id, FromProto(proto.id()));
  for (const auto& [name, value] : proto.parameters()) {
    absl::StatusOr<ParameterValue> converted = FromProto(name, value);
    assignment.problem.Update(converted.status());
    if (converted.ok()) assignment.parameters.emplace(name, *std::move(converted));
  }
  const v1::TrialTemplate& trial = proto.template_();
  assignment.command.assign(trial.command().begin(), trial.command().end());
  assignment.environment = Environment(trial.environment().begin(), trial.environment().end());
  assignment.working_directory = trial.working_directory();
  for (const v1::MetricDefinition& definition : trial.metric_definitions()) {
    assignment.metric_definitions.push_back({definition.name(), definition.regex()});
  }
  if (trial.has_grace_period()) assignment.grace_period = FromProto(trial.grace_period());
  if (trial.has_max_runtime()) assignment.max_runtime = FromProto(trial.max_runtime());
  assignment.objective_metric = proto.objective_metric();
  assignment.seed = proto.seed();
  return assignment;
}

void ToProto(const ReportMessage& message, v1::ReportTrialRequest& proto) {
  for (const ReportRow& row : message.rows) {
    v1::Measurement& measurement = *proto.add_measurements();
    measurement.set_metric(row.measurement.metric);
    measurement.set_step(row.measurement.step);
    measurement.set_value(row.measurement.value);
    ToProto(row.report_time, *measurement.mutable_report_time());
  }
  proto.set_log_data(message.log_data);
  proto.set_log_offset(message.log_offset);
  if (!message.checkpoint_step.has_value()) return;
  proto.set_checkpoint_step(*message.checkpoint_step);
  proto.set_checkpoint_path(message.checkpoint_path);
}

void ToProto(const Failure& failure, v1::Failure& proto) {
  proto.set_kind(ToProto(failure.kind));
  proto.set_detail(failure.detail);
  proto.set_exit_code(failure.exit_code);
  proto.set_signal(failure.signal);
}

}  // namespace pegbox::worker
