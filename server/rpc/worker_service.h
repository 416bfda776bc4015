// pegbox.v1.WorkerService over the engine: converts, calls, converts. The errors are those of worker_service.proto.
#pragma once

#include "common/clock.h"
#include "pegbox/v1/worker_service.grpc.pb.h"
#include "server/engine/engine.h"

namespace pegbox {

// Thread-safe.
class WorkerServiceImpl final : public v1::WorkerService::Service {
 public:
  using ReportStream = grpc::ServerReaderWriter<v1::ReportTrialResponse, v1::ReportTrialRequest>;

  WorkerServiceImpl(Engine& engine, const Clock& clock) : engine_(engine), clock_(clock) {}

  grpc::Status RegisterWorker(grpc::ServerContext* context, const v1::RegisterWorkerRequest* request,
                              v1::RegisterWorkerResponse* response) override;
  grpc::Status SyncWorker(grpc::ServerContext* context, const v1::SyncWorkerRequest* request,
                          v1::SyncWorkerResponse* response) override;
  grpc::Status ReportTrial(grpc::ServerContext* context, ReportStream* stream) override;
  grpc::Status FinishTrial(grpc::ServerContext* context, const v1::FinishTrialRequest* request,
                           v1::FinishTrialResponse* response) override;

 private:
  // A worker that asks again at once would only be in the way.
  absl::Status CheckNotStopping();

  Engine& engine_;
  const Clock& clock_;
};

}  // namespace pegbox
