#include "worker/agent/server_link.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <utility>

#include "absl/time/clock.h"
#include "common/grpc_status.h"
#include "common/log.h"
#include "common/resource_name.h"
#include "common/status_macros.h"
#include "worker/agent/conversion.h"

namespace pegbox::worker {
namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(15);  // beyond what the server may wait by the call's own words
constexpr absl::Duration kFarewellTimeout = absl::Seconds(2);

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  // gRPC's own pauses between connections grow to 2 minutes; a server that is back must be noticed within seconds.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  // A connection whose other end vanished without a word. A live server answers a sync every 10 s, so it is never
  // pinged.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  // A proxy cannot reach this machine's loopback.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

template <typename Request, typename Response>
absl::StatusOr<Response> Call(v1::WorkerService::Stub& stub,
                              grpc::Status (v1::WorkerService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                              Response*),
                              const Request& request, absl::Duration timeout, Interrupt& interrupt) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  const Interrupt::Scope scope(interrupt, context);
  Response response;
  PEGBOX_RETURN_IF_ERROR(FromGrpcStatus((stub.*method)(&context, request, &response)));
  return response;
}

WorkerOrders FromResponse(const v1::SyncWorkerResponse& response) {
  WorkerOrders orders;
  const auto drop = [](const absl::Status& status) {
    Log()->error("order of the server dropped error=\"{}\"", status.ToString());
  };
  for (const v1::TrialAssignment& proto : response.start()) {
    absl::StatusOr<Assignment> assignment = FromProto(proto);
    if (!assignment.ok()) {
      drop(assignment.status());
    } else {
      orders.start.push_back(*std::move(assignment));
    }
  }
  for (const v1::StopDirective& proto : response.stop()) {
    absl::StatusOr<AttemptId> id = FromProto(proto.id());
    if (!id.ok()) {
      drop(id.status());
    } else {
      orders.stop.push_back({.id = *std::move(id), .reason = proto.reason()});
    }
  }
  for (const v1::AttemptId& proto : response.fence()) {
    absl::StatusOr<AttemptId> id = FromProto(proto);
    if (!id.ok()) {
      drop(id.status());
    } else {
      orders.fence.push_back(*std::move(id));
    }
  }
  return orders;
}

}  // namespace

bool IsPassing(const absl::Status& error) {
  switch (error.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kNotFound:  // the worker is about to register again
      return true;
    default:
      return false;
  }
}

ServerLink::ServerLink(const std::string& address, absl::string_view worker_id, std::string incarnation)
    : worker_name_(WorkerName(worker_id)),
      incarnation_(std::move(incarnation)),
      stub_(v1::WorkerService::NewStub(MakeChannel(address))) {}

absl::StatusOr<absl::Duration> ServerLink::Register(const Registration& registration, Interrupt& interrupt) {
  v1::RegisterWorkerRequest request;
  request.set_worker(worker_name_);
  request.set_incarnation(incarnation_);
  request.set_host_name(registration.host_name);
  request.set_version(registration.version);
  for (const std::string& name : registration.device_names) request.add_device_names(name);
  for (const std::string& ended : registration.ended_incarnations) request.add_ended_incarnations(ended);
  PEGBOX_ASSIGN_OR_RETURN(const v1::RegisterWorkerResponse response,
                          Call(*stub_, &v1::WorkerService::Stub::RegisterWorker, request, kCallTimeout, interrupt));
  const absl::Duration lease = FromProto(response.lease_duration());
  if (lease > absl::ZeroDuration()) return lease;
  return absl::InternalError("lease_duration: the server must name a time above zero");
}

absl::StatusOr<WorkerOrders> ServerLink::Sync(const WorkerState& state, Interrupt& interrupt) {
  v1::SyncWorkerRequest request;
  request.set_worker(worker_name_);
  request.set_incarnation(incarnation_);
  for (const AttemptId& id : state.held) ToProto(id, *request.add_held_attempts());
  for (const AttemptId& id : state.stopping) ToProto(id, *request.add_stopping_attempts());
  request.set_free_slots(state.free_slots);
  ToProto(state.max_wait, *request.mutable_max_wait());
  request.set_is_leaving(state.is_leaving);
  const absl::Duration timeout = state.is_leaving ? kFarewellTimeout : state.max_wait + kCallTimeout;
  PEGBOX_ASSIGN_OR_RETURN(const v1::SyncWorkerResponse response,
                          Call(*stub_, &v1::WorkerService::Stub::SyncWorker, request, timeout, interrupt));
  return FromResponse(response);
}

absl::Status ServerLink::Finish(const AttemptId& id, const std::optional<Failure>& failure, Interrupt& interrupt) {
  v1::FinishTrialRequest request;
  request.set_worker(worker_name_);
  request.set_incarnation(incarnation_);
  ToProto(id, *request.mutable_id());
  if (failure.has_value()) ToProto(*failure, *request.mutable_failure());
  return Call(*stub_, &v1::WorkerService::Stub::FinishTrial, request, kCallTimeout, interrupt).status();
}

std::unique_ptr<ReportStream> ServerLink::OpenReportStream(const AttemptId& id, Interrupt& interrupt) {
  v1::ReportTrialRequest head;
  head.set_worker(worker_name_);
  head.set_incarnation(incarnation_);
  ToProto(id, *head.mutable_id());
  return std::make_unique<ReportStream>(*stub_, std::move(head), interrupt);
}

}  // namespace pegbox::worker
