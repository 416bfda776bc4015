#include "server/rpc/convert_trial.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/resource_name.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"
#include "server/domain/objective.h"
#include "server/rpc/convert_enum.h"
#include "server/rpc/convert_search_space.h"
#include "server/rpc/convert_time.h"

namespace pegbox {
namespace {

using pegbox::FromProto;
using pegbox::ToProto;

constexpr int64_t kMaxStep = int64_t{1} << 53;
constexpr size_t kMaxDetailBytes = 4096;
constexpr int kMaxRows = 1024;
constexpr int kMaxStates = 16;

absl::StatusOr<FailureKind> FromProto(v1::Failure::Kind proto, absl::string_view field) {
  switch (proto) {
    case v1::Failure::EXIT_CODE:
      return FailureKind::kExitCode;
    case v1::Failure::SIGNAL:
      return FailureKind::kSignal;
    case v1::Failure::OUT_OF_MEMORY:
      return FailureKind::kOutOfMemory;
    case v1::Failure::TIMEOUT:
      return FailureKind::kTimeout;
    case v1::Failure::DIVERGED:
      return FailureKind::kDiverged;
    case v1::Failure::NO_METRIC:
      return FailureKind::kNoMetric;
    case v1::Failure::LOST:
      return FailureKind::kLost;
    case v1::Failure::SPAWN:
      return FailureKind::kSpawn;
    default:
      return BadEnum(field, "EXIT_CODE, SIGNAL, OUT_OF_MEMORY, TIMEOUT, DIVERGED, NO_METRIC, LOST or SPAWN", proto);
  }
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
    case FailureKind::kDiverged:
      return v1::Failure::DIVERGED;
    case FailureKind::kNoMetric:
      return v1::Failure::NO_METRIC;
    case FailureKind::kLost:
      return v1::Failure::LOST;
    case FailureKind::kSpawn:
      return v1::Failure::SPAWN;
  }
  return v1::Failure::KIND_UNSPECIFIED;
}

absl::StatusOr<TrialState> FromProto(v1::Trial::State proto, absl::string_view field) {
  switch (proto) {
    case v1::Trial::QUEUED:
      return TrialState::kQueued;
    case v1::Trial::RUNNING:
      return TrialState::kRunning;
    case v1::Trial::STOPPING:
      return TrialState::kStopping;
    case v1::Trial::COMPLETED:
      return TrialState::kCompleted;
    case v1::Trial::EARLY_STOPPED:
      return TrialState::kEarlyStopped;
    case v1::Trial::FAILED:
      return TrialState::kFailed;
    case v1::Trial::CANCELED:
      return TrialState::kCanceled;
    default:
      return BadEnum(field, "QUEUED, RUNNING, STOPPING, COMPLETED, EARLY_STOPPED, FAILED or CANCELED", proto);
  }
}

v1::Trial::State ToProto(TrialState state) {
  switch (state) {
    case TrialState::kQueued:
      return v1::Trial::QUEUED;
    case TrialState::kRunning:
      return v1::Trial::RUNNING;
    case TrialState::kStopping:
      return v1::Trial::STOPPING;
    case TrialState::kCompleted:
      return v1::Trial::COMPLETED;
    case TrialState::kEarlyStopped:
      return v1::Trial::EARLY_STOPPED;
    case TrialState::kFailed:
      return v1::Trial::FAILED;
    case TrialState::kCanceled:
      return v1::Trial::CANCELED;
  }
  return v1::Trial::STATE_UNSPECIFIED;
}

absl::StatusOr<TrialQuery::Order> FromProto(v1::ListTrialsRequest::Order proto, absl::string_view field) {
  switch (proto) {
    case v1::ListTrialsRequest::ORDER_UNSPECIFIED:
    case v1::ListTrialsRequest::NUMBER:
      return TrialQuery::Order::kNumber;
    case v1::ListTrialsRequest::BEST_FIRST:
      return TrialQuery::Order::kBestFirst;
    default:
      return BadEnum(field, "NUMBER or BEST_FIRST", proto);
  }
}

// At most `limit` bytes, no character cut in two.
std::string Cut(const std::string& text, size_t limit) {
  if (text.size() <= limit) return text;
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end);
}

v1::Provenance ToProto(const Provenance& provenance) {
  v1::Provenance proto;
  proto.set_source(provenance.source);
  if (provenance.acquisition_value.has_value()) proto.set_acquisition_value(*provenance.acquisition_value);
  proto.set_fit_evaluations(provenance.fit_evaluations);
  proto.set_suggest_milliseconds(provenance.suggest_milliseconds);
  proto.set_note(provenance.note);
  proto.set_outcomes(provenance.outcomes);
  if (provenance.incumbent.has_value()) proto.set_incumbent(*provenance.incumbent);
  return proto;
}

template <typename Proto>
void SetHolder(const Attempt& attempt, Proto& proto) {
  if (attempt.client.has_value()) {
    proto.set_client(attempt.client->client_id);
  } else {
    proto.set_worker(WorkerName(attempt.worker_id));
  }
}

// The objective so far.
void SetProgress(const Trial& trial, v1::Trial& proto) {
  if (trial.value.has_value()) proto.set_value(*trial.value);
  if (trial.best_step.has_value()) proto.set_best_step(*trial.best_step);
  if (trial.last_step.has_value()) proto.set_last_step(*trial.last_step);
  proto.set_checkpoint_path(trial.checkpoint_path);
  if (trial.checkpoint_step.has_value()) proto.set_checkpoint_step(*trial.checkpoint_step);
}

}  // namespace

absl::StatusOr<Measurement> FromProto(const v1::Measurement& proto, absl::Time now, absl::string_view field) {
  PEGBOX_RETURN_IF_ERROR(ValidateMetricName(proto.metric(), absl::StrCat(field, ".metric")));
  if (proto.step() < 0 || proto.step() > kMaxStep) {
    return InvalidArgument(absl::StrCat(field, ".step"), "must be 0 to 2^53", absl::StrCat(proto.step()),
                           "number the reports from 0");
  }
  Measurement row = {.metric = proto.metric(), .step = proto.step(), .value = proto.value(), .report_time = now};
  if (proto.has_report_time()) {
    PEGBOX_ASSIGN_OR_RETURN(row.report_time, FromProto(proto.report_time(), absl::StrCat(field, ".report_time")));
  }
  return row;
}

absl::StatusOr<std::vector<Measurement>> FromProto(const google::protobuf::RepeatedPtrField<v1::Measurement>& protos,
                                                   absl::Time now, absl::string_view field) {
  if (protos.size() > kMaxRows) {
    return InvalidArgument(field, "must be at most 1,024", absl::StrCat(protos.size()), "send fewer");
  }
  std::vector<Measurement> rows;
  rows.reserve(protos.size());
  for (int i = 0; i < protos.size(); ++i) {
    PEGBOX_ASSIGN_OR_RETURN(Measurement row, FromProto(protos[i], now, absl::StrCat(field, "[", i, "]")));
    rows.push_back(std::move(row));
  }
  return rows;
}

absl::StatusOr<Failure> FromProto(const v1::Failure& proto, absl::string_view field) {
  Failure failure = {
      .detail = Cut(proto.detail(), kMaxDetailBytes), .exit_code = proto.exit_code(), .signal = proto.signal()};
  PEGBOX_ASSIGN_OR_RETURN(failure.kind, FromProto(proto.kind(), absl::StrCat(field, ".kind")));
  return failure;
}

absl::StatusOr<TrialQuery> FromProto(const v1::ListTrialsRequest& request) {
  TrialQuery query;
  if (request.states_size() > kMaxStates) {
    return InvalidArgument("states", "must be at most 16", absl::StrCat(request.states_size()), "name each state once");
  }
  for (int i = 0; i < request.states_size(); ++i) {
    PEGBOX_ASSIGN_OR_RETURN(const TrialState state, FromProto(request.states(i), absl::StrCat("states[", i, "]")));
    query.states.push_back(state);
  }
  PEGBOX_ASSIGN_OR_RETURN(query.order, FromProto(request.order(), "order"));
  return query;
}

v1::StopDecision ToProto(const StopDecision& stop) {
  v1::StopDecision proto;
  proto.set_rule(stop.rule);
  proto.set_step(stop.step);
  proto.set_value(stop.value);
  proto.set_threshold(stop.threshold);
  proto.set_compared_trials(stop.compared_trials);
  proto.set_explanation(stop.explanation);
  return proto;
}

v1::Failure ToProto(const Failure& failure) {
  v1::Failure proto;
  proto.set_kind(ToProto(failure.kind));
  proto.set_detail(failure.detail);
  proto.set_exit_code(failure.exit_code);
  proto.set_signal(failure.signal);
  return proto;
}

v1::Trial ToProto(const Trial& trial) {
  v1::Trial proto;
  proto.set_name(TrialName(trial.id));
  *proto.mutable_parameters() = ToProto(trial.parameters);
  proto.set_state(ToProto(trial.state));
  if (trial.attempt.has_value()) {
    proto.set_attempt(trial.attempt->number);
    SetHolder(*trial.attempt, proto);
  }
  SetProgress(trial, proto);
  if (trial.stop.has_value()) *proto.mutable_stop() = ToProto(*trial.stop);
  if (trial.failure.has_value()) *proto.mutable_failure() = ToProto(*trial.failure);
  *proto.mutable_create_time() = ToProto(trial.create_time);
  if (trial.start_time.has_value()) *proto.mutable_start_time() = ToProto(*trial.start_time);
  if (trial.end_time.has_value()) *proto.mutable_end_time() = ToProto(*trial.end_time);
  *proto.mutable_provenance() = ToProto(trial.provenance);
  return proto;
}

v1::SurrogateFit ToProto(const SurrogateFit& fit) {
  v1::SurrogateFit proto;
  proto.mutable_objective_theta()->Add(fit.objective_theta.begin(), fit.objective_theta.end());
  proto.mutable_feasibility_theta()->Add(fit.feasibility_theta.begin(), fit.feasibility_theta.end());
  proto.set_outcomes(fit.outcomes);
  proto.set_evaluations(fit.evaluations);
  return proto;
}

v1::Attempt ToProto(const Attempt& attempt) {
  v1::Attempt proto;
  proto.set_number(attempt.number);
  SetHolder(attempt, proto);
  *proto.mutable_start_time() = ToProto(attempt.start_time);
  if (attempt.end_time.has_value()) *proto.mutable_end_time() = ToProto(*attempt.end_time);
  if (attempt.failure.has_value()) *proto.mutable_failure() = ToProto(*attempt.failure);
  return proto;
}

v1::TrialMeasurement ToProto(const TrialMeasurement& row) {
  v1::TrialMeasurement proto;
  proto.set_trial_number(row.trial_number);
  proto.set_attempt(row.attempt);
  v1::Measurement& measurement = *proto.mutable_measurement();
  measurement.set_metric(row.measurement.metric);
  measurement.set_step(row.measurement.step);
  measurement.set_value(row.measurement.value);
  *measurement.mutable_report_time() = ToProto(row.measurement.report_time);
  return proto;
}

}  // namespace pegbox
