#include "server/rpc/worker_service.h"

#include <optional>
#include <utility>

#include "common/resource_name.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"
#include "server/rpc/change_wait.h"
#include "server/rpc/convert_time.h"
#include "server/rpc/convert_worker.h"
#include "server/rpc/reply.h"

namespace pegbox {
namespace {

// One stream speaks of one attempt.
absl::Status CheckSame(const TrialReport& first, const TrialReport& report) {
  if (report.id == first.id && report.worker == first.worker) return absl::OkStatus();
  return InvalidArgument("id", "worker, incarnation and id must be the same in all messages of a stream",
                         TrialName(report.id.trial), "open one stream for each attempt");
}

}  // namespace

grpc::Status WorkerServiceImpl::RegisterWorker(grpc::ServerContext*, const v1::RegisterWorkerRequest* request,
                                               v1::RegisterWorkerResponse* response) {
  return Reply("RegisterWorker", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(RegisterRequest register_request, FromProto(*request));
    PEGBOX_ASSIGN_OR_RETURN(
        const absl::Duration lease_duration,
        engine_.worker_sessions().Register(std::move(register_request.worker), register_request.ended_incarnations));
    *response->mutable_lease_duration() = ToProto(lease_duration);
    return absl::OkStatus();
  });
}

grpc::Status WorkerServiceImpl::SyncWorker(grpc::ServerContext* context, const v1::SyncWorkerRequest* request,
                                           v1::SyncWorkerResponse* response) {
  return Reply("SyncWorker", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const SyncRequest sync, FromProto(*request));
    PEGBOX_ASSIGN_OR_RETURN(const SyncResult result,
                            engine_.worker_sessions().Sync(sync, [context] { return context->IsCancelled(); }));
    if (result.empty() && !sync.is_leaving) PEGBOX_RETURN_IF_ERROR(CheckNotStopping());
    *response = ToProto(result);
    return absl::OkStatus();
  });
}

grpc::Status WorkerServiceImpl::ReportTrial(grpc::ServerContext*, ReportStream* stream) {
  return Reply("ReportTrial", [&]() -> absl::Status {
    std::optional<TrialReport> first;
    for (v1::ReportTrialRequest request; stream->Read(&request);) {
      PEGBOX_ASSIGN_OR_RETURN(const TrialReport report, FromProto(request, clock_.Now()));
      if (!first.has_value()) first = {.worker = report.worker, .id = report.id};
      PEGBOX_RETURN_IF_ERROR(CheckSame(*first, report));
      PEGBOX_ASSIGN_OR_RETURN(const ReportResult result, engine_.trial_reports().Report(report));
      if (!stream->Write(ToProto(result))) return ClientHasGone();
      PEGBOX_RETURN_IF_ERROR(CheckNotStopping());
    }
    return absl::OkStatus();
  });
}

grpc::Status WorkerServiceImpl::FinishTrial(grpc::ServerContext*, const v1::FinishTrialRequest* request,
                                            v1::FinishTrialResponse*) {
  return Reply("FinishTrial", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const AttemptEnd end, FromProto(*request));
    return engine_.trial_reports().Finish(end).status();
  });
}

absl::Status WorkerServiceImpl::CheckNotStopping() {
  return engine_.tuning_jobs().signal().is_closed() ? ServerIsStopping() : absl::OkStatus();
}

}  // namespace pegbox
