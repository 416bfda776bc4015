// pegbox.v1.TuningService over the engine: converts, calls, converts. The errors are those of tuning_service.proto.
#pragma once

#include "common/clock.h"
#include "pegbox/v1/tuning_service.grpc.pb.h"
#include "server/engine/engine.h"

namespace pegbox {

// Thread-safe.
class TuningServiceImpl final : public v1::TuningService::Service {
 public:
  TuningServiceImpl(Engine& engine, const Clock& clock)
      : engine_(engine), tuning_jobs_(engine.tuning_jobs()), clock_(clock) {}

  grpc::Status CreateTuningJob(grpc::ServerContext* context, const v1::CreateTuningJobRequest* request,
                               v1::TuningJob* response) override;
  grpc::Status GetTuningJob(grpc::ServerContext* context, const v1::GetTuningJobRequest* request,
                            v1::TuningJob* response) override;
  grpc::Status ListTuningJobs(grpc::ServerContext* context, const v1::ListTuningJobsRequest* request,
                              v1::ListTuningJobsResponse* response) override;
  grpc::Status UpdateTuningJob(grpc::ServerContext* context, const v1::UpdateTuningJobRequest* request,
                               v1::TuningJob* response) override;
  grpc::Status StopTuningJob(grpc::ServerContext* context, const v1::StopTuningJobRequest* request,
                             v1::TuningJob* response) override;
  grpc::Status PauseTuningJob(grpc::ServerContext* context, const v1::PauseTuningJobRequest* request,
                              v1::TuningJob* response) override;
  grpc::Status ResumeTuningJob(grpc::ServerContext* context, const v1::ResumeTuningJobRequest* request,
                               v1::TuningJob* response) override;
  grpc::Status WatchTuningJob(grpc::ServerContext* context, const v1::WatchTuningJobRequest* request,
                              grpc::ServerWriter<v1::WatchTuningJobResponse>* writer) override;
  grpc::Status DiagnoseTuningJob(grpc::ServerContext* context, const v1::DiagnoseTuningJobRequest* request,
                                 v1::TuningJobDiagnosis* response) override;

  grpc::Status GetTrial(grpc::ServerContext* context, const v1::GetTrialRequest* request, v1::Trial* response) override;
  grpc::Status ListTrials(grpc::ServerContext* context, const v1::ListTrialsRequest* request,
                          v1::ListTrialsResponse* response) override;
  grpc::Status GetBestTrial(grpc::ServerContext* context, const v1::GetBestTrialRequest* request,
                            v1::GetBestTrialResponse* response) override;
  grpc::Status StopTrial(grpc::ServerContext* context, const v1::StopTrialRequest* request,
                         v1::Trial* response) override;
  grpc::Status ListMeasurements(grpc::ServerContext* context, const v1::ListMeasurementsRequest* request,
                                v1::ListMeasurementsResponse* response) override;
  grpc::Status ReadTrialLog(grpc::ServerContext* context, const v1::ReadTrialLogRequest* request,
                            grpc::ServerWriter<v1::ReadTrialLogResponse>* writer) override;

  grpc::Status SuggestTrials(grpc::ServerContext* context, const v1::SuggestTrialsRequest* request,
                             v1::SuggestTrialsResponse* response) override;
  grpc::Status ReportMeasurements(grpc::ServerContext* context, const v1::ReportMeasurementsRequest* request,
                                  v1::ReportMeasurementsResponse* response) override;
  grpc::Status CompleteTrial(grpc::ServerContext* context, const v1::CompleteTrialRequest* request,
                             v1::Trial* response) override;

  grpc::Status ListWorkers(grpc::ServerContext* context, const v1::ListWorkersRequest* request,
                           v1::ListWorkersResponse* response) override;

 private:
  Engine& engine_;
  TuningJobs& tuning_jobs_;
  const Clock& clock_;
};

}  // namespace pegbox
