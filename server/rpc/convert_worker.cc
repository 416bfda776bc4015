#include "server/rpc/convert_worker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/resource_name.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"
#include "server/rpc/convert_search_space.h"
#include "server/rpc/convert_spec.h"
#include "server/rpc/convert_time.h"
#include "server/rpc/convert_trial.h"
#include "server/rpc/paging.h"

namespace pegbox {
namespace {

using pegbox::FromProto;
using pegbox::ToProto;

constexpr size_t kMinIncarnationLength = 16;
constexpr size_t kMaxIncarnationLength = 64;
constexpr size_t kMaxHostNameBytes = 255;
constexpr int kMaxSlots = 1024;
constexpr size_t kMaxDeviceNameBytes = 128;
constexpr size_t kMaxVersionBytes = 128;
constexpr int kMaxEndedIncarnations = 64;
constexpr int kMaxAttempts = 1024;
constexpr absl::Duration kMaxWait = absl::Seconds(30);
constexpr size_t kMaxLogBytes = size_t{64} << 10;
constexpr int64_t kMaxStep = int64_t{1} << 53;
constexpr size_t kMaxPathBytes = 4096;

std::string Item(absl::string_view field, int index) { return absl::StrCat(field, "[", index, "]"); }

absl::Status CheckBytes(const std::string& text, size_t limit, absl::string_view limit_in_words,
                        absl::string_view field) {
  if (text.size() <= limit) return absl::OkStatus();
  return InvalidArgument(field, absl::StrCat("must be at most ", limit_in_words, " bytes"),
                         absl::StrCat(text.size(), " bytes"), "shorten it");
}

absl::Status CheckCount(int count, int limit, absl::string_view limit_in_words, absl::string_view field) {
  if (count <= limit) return absl::OkStatus();
  return InvalidArgument(field, absl::StrCat("must be at most ", limit_in_words), absl::StrCat(count), "send fewer");
}

absl::Status CheckIncarnation(const std::string& incarnation, absl::string_view field) {
  const auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || absl::ascii_isdigit(c) || c == '-'; };
  if (incarnation.size() >= kMinIncarnationLength && incarnation.size() <= kMaxIncarnationLength &&
      std::all_of(incarnation.begin(), incarnation.end(), is_allowed)) {
    return absl::OkStatus();
  }
  return InvalidArgument(field, "must be 16 to 64 characters of a-z 0-9 -", Quoted(incarnation),
                         "make a random one at each start of the worker");
}

absl::StatusOr<WorkerIdentity> IdentityFrom(const std::string& worker, const std::string& incarnation) {
  WorkerIdentity identity = {.incarnation = incarnation};
  PEGBOX_ASSIGN_OR_RETURN(identity.worker_id, ParseWorkerName("worker", worker));
  PEGBOX_RETURN_IF_ERROR(CheckIncarnation(incarnation, "incarnation"));
  return identity;
}

absl::StatusOr<AttemptId> FromProto(const v1::AttemptId& proto, absl::string_view field) {
  AttemptId id = {.attempt = proto.attempt()};
  PEGBOX_ASSIGN_OR_RETURN(id.trial, ParseTrialName(absl::StrCat(field, ".trial"), proto.trial()));
  if (id.attempt >= 1) return id;
  return InvalidArgument(absl::StrCat(field, ".attempt"), "must be 1 or more", absl::StrCat(id.attempt),
                         "repeat the id of the grant");
}

absl::StatusOr<std::vector<AttemptId>> FromProto(const google::protobuf::RepeatedPtrField<v1::AttemptId>& protos,
                                                 absl::string_view field) {
  PEGBOX_RETURN_IF_ERROR(CheckCount(protos.size(), kMaxAttempts, "1,024", field));
  std::vector<AttemptId> ids;
  for (int i = 0; i < protos.size(); ++i) {
    PEGBOX_ASSIGN_OR_RETURN(AttemptId id, FromProto(protos[i], Item(field, i)));
    ids.push_back(std::move(id));
  }
  return ids;
}

absl::Status CheckDevices(const v1::RegisterWorkerRequest& request) {
  if (request.device_names_size() < 1 || request.device_names_size() > kMaxSlots) {
    return InvalidArgument("device_names", "must be 1 to 1,024, one a slot", absl::StrCat(request.device_names_size()),
                           "name the device of each slot, such as cuda:0 or cpu");
  }
  for (int i = 0; i < request.device_names_size(); ++i) {
    PEGBOX_RETURN_IF_ERROR(CheckBytes(request.device_names(i), kMaxDeviceNameBytes, "128", Item("device_names", i)));
  }
  return absl::OkStatus();
}

absl::Status CheckVersion(const std::string& version) {
  if (version.empty()) return InvalidArgument("version", "required", "", "say which version the worker has");
  return CheckBytes(version, kMaxVersionBytes, "128", "version");
}

absl::Status CheckLog(const v1::ReportTrialRequest& request) {
  PEGBOX_RETURN_IF_ERROR(CheckBytes(request.log_data(), kMaxLogBytes, "65,536", "log_data"));
  if (request.log_offset() >= 0) return absl::OkStatus();
  return InvalidArgument("log_offset", "must be 0 or more", absl::StrCat(request.log_offset()),
                         "say where the first byte of log_data stands in the output");
}

absl::Status TakeCheckpoint(const v1::ReportTrialRequest& request, TrialReport& report) {
  PEGBOX_RETURN_IF_ERROR(CheckBytes(request.checkpoint_path(), kMaxPathBytes, "4,096", "checkpoint_path"));
  if (!request.has_checkpoint_step()) return absl::OkStatus();
  if (request.checkpoint_step() < 0 || request.checkpoint_step() > kMaxStep) {
    return InvalidArgument("checkpoint_step", "must be 0 to 2^53", absl::StrCat(request.checkpoint_step()),
                           "name the step that was saved");
  }
  report.checkpoint_step = request.checkpoint_step();
  report.checkpoint_path = request.checkpoint_path();
  return absl::OkStatus();
}

v1::AttemptId ToProto(const AttemptId& id) {
  v1::AttemptId proto;
  proto.set_trial(TrialName(id.trial));
  proto.set_attempt(id.attempt);
  return proto;
}

v1::TrialAssignment ToProto(const TrialAssignment& assignment) {
  v1::TrialAssignment proto;
  *proto.mutable_id() = ToProto(assignment.id);
  *proto.mutable_parameters() = ToProto(assignment.parameters);
  *proto.mutable_template_() = ToProto(assignment.trial_template);
  proto.set_objective_metric(assignment.objective_metric);
  proto.set_seed(assignment.seed);
  return proto;
}

v1::Worker::State ToProto(WorkerState state) {
  switch (state) {
    case WorkerState::kOnline:
      return v1::Worker::ONLINE;
    case WorkerState::kSuspect:
      return v1::Worker::SUSPECT;
    case WorkerState::kOffline:
      return v1::Worker::OFFLINE;
  }
  return v1::Worker::STATE_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<RegisterRequest> FromProto(const v1::RegisterWorkerRequest& request) {
  PEGBOX_ASSIGN_OR_RETURN(WorkerIdentity identity, IdentityFrom(request.worker(), request.incarnation()));
  PEGBOX_RETURN_IF_ERROR(CheckBytes(request.host_name(), kMaxHostNameBytes, "255", "host_name"));
  PEGBOX_RETURN_IF_ERROR(CheckDevices(request));
  PEGBOX_RETURN_IF_ERROR(CheckVersion(request.version()));
  PEGBOX_RETURN_IF_ERROR(
      CheckCount(request.ended_incarnations_size(), kMaxEndedIncarnations, "64", "ended_incarnations"));
  for (int i = 0; i < request.ended_incarnations_size(); ++i) {
    PEGBOX_RETURN_IF_ERROR(CheckIncarnation(request.ended_incarnations(i), Item("ended_incarnations", i)));
  }
  return RegisterRequest{
      .worker = {.id = std::move(identity.worker_id),
                 .incarnation = std::move(identity.incarnation),
                 .host_name = request.host_name(),
                 .device_names = {request.device_names().begin(), request.device_names().end()},
                 .version = request.version()},
      .ended_incarnations = {request.ended_incarnations().begin(), request.ended_incarnations().end()}};
}

absl::StatusOr<SyncRequest> FromProto(const v1::SyncWorkerRequest& request) {
  SyncRequest sync = {.free_slots = request.free_slots(), .is_leaving = request.is_leaving()};
  PEGBOX_ASSIGN_OR_RETURN(sync.worker, IdentityFrom(request.worker(), request.incarnation()));
  PEGBOX_ASSIGN_OR_RETURN(sync.held, FromProto(request.held_attempts(), "held_attempts"));
  PEGBOX_ASSIGN_OR_RETURN(sync.stopping, FromProto(request.stopping_attempts(), "stopping_attempts"));
  if (sync.free_slots < 0 || sync.free_slots > kMaxSlots) {
    return InvalidArgument("free_slots", "must be 0 to 1,024", absl::StrCat(sync.free_slots),
                           "count the slots that run nothing");
  }
  PEGBOX_ASSIGN_OR_RETURN(sync.max_wait, FromProto(request.max_wait(), "max_wait"));
  if (sync.max_wait >= absl::ZeroDuration() && sync.max_wait <= kMaxWait) return sync;
  return InvalidArgument("max_wait", "must be 0 s to 30 s", absl::FormatDuration(sync.max_wait), "call again instead");
}

absl::StatusOr<TrialReport> FromProto(const v1::ReportTrialRequest& request, absl::Time now) {
  TrialReport report;
  PEGBOX_ASSIGN_OR_RETURN(report.worker, IdentityFrom(request.worker(), request.incarnation()));
  PEGBOX_ASSIGN_OR_RETURN(report.id, FromProto(request.id(), "id"));
  PEGBOX_ASSIGN_OR_RETURN(report.measurements, FromProto(request.measurements(), now, "measurements"));
  PEGBOX_RETURN_IF_ERROR(TakeCheckpoint(request, report));
  PEGBOX_RETURN_IF_ERROR(CheckLog(request));
  report.log_offset = request.log_offset();
  report.log_data = request.log_data();
  return report;
}

absl::StatusOr<AttemptEnd> FromProto(const v1::FinishTrialRequest& request) {
  AttemptEnd finish;
  PEGBOX_ASSIGN_OR_RETURN(finish.worker, IdentityFrom(request.worker(), request.incarnation()));
  PEGBOX_ASSIGN_OR_RETURN(finish.id, FromProto(request.id(), "id"));
  if (request.has_failure()) {
    PEGBOX_ASSIGN_OR_RETURN(finish.failure, FromProto(request.failure(), "failure"));
  }
  return finish;
}

v1::SyncWorkerResponse ToProto(const SyncResult& result) {
  v1::SyncWorkerResponse proto;
  MessageBudget budget;
  for (const TrialAssignment& assignment : result.start) {
    v1::TrialAssignment start = ToProto(assignment);
    if (!budget.Take(start)) break;
    *proto.add_start() = std::move(start);
  }
  for (const StopDirective& directive : result.stop) {
    v1::StopDirective& stop = *proto.add_stop();
    *stop.mutable_id() = ToProto(directive.id);
    stop.set_reason(directive.reason);
  }
  for (const AttemptId& id : result.fence) *proto.add_fence() = ToProto(id);
  return proto;
}

v1::ReportTrialResponse ToProto(const ReportResult& result) {
  v1::ReportTrialResponse proto;
  proto.set_new_measurements(result.new_measurements);
  proto.set_should_stop(result.stop.has_value());
  if (result.stop.has_value()) proto.set_stop_reason(result.stop->explanation);
  proto.set_log_size(result.log_size);
  return proto;
}

v1::Worker ToProto(const WorkerView& view) {
  v1::Worker proto;
  proto.set_name(WorkerName(view.worker.id));
  proto.set_state(ToProto(view.state));
  proto.set_host_name(view.worker.host_name);
  proto.set_slots(static_cast<int32_t>(view.worker.device_names.size()));
  proto.mutable_device_names()->Add(view.worker.device_names.begin(), view.worker.device_names.end());
  for (const TrialId& id : view.running_trials) proto.add_running_trials(TrialName(id));
  *proto.mutable_register_time() = ToProto(view.worker.register_time);
  if (view.last_heard.has_value()) *proto.mutable_last_sync_time() = ToProto(*view.last_heard);
  proto.set_version(view.worker.version);
  return proto;
}

}  // namespace pegbox
