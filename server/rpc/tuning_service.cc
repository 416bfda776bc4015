#include "server/rpc/tuning_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/resource_name.h"
#include "common/status_macros.h"
#include "server/domain/objective.h"
#include "server/rpc/change_wait.h"
#include "server/rpc/convert_ask_tell.h"
#include "server/rpc/convert_diagnosis.h"
#include "server/rpc/convert_job.h"
#include "server/rpc/convert_trial.h"
#include "server/rpc/convert_worker.h"
#include "server/rpc/job_watch.h"
#include "server/rpc/log_stream.h"
#include "server/rpc/paging.h"
#include "server/rpc/reply.h"

namespace pegbox {
namespace {

constexpr int64_t kDefaultPage = 100;
constexpr int64_t kMaxPage = 1'000;
constexpr int64_t kDefaultMeasurementPage = 1'000;
constexpr int64_t kMaxMeasurementPage = 10'000;

// What a list request asks for, whatever the page.
template <typename Request>
std::string ListKey(Request request) {
  request.clear_page_size();
  request.clear_page_token();
  return absl::StrCat(Request::descriptor()->name(), request.SerializeAsString());
}

// How long a call may wait and still be answered before its deadline.
absl::Duration TimeToAnswer(const grpc::ServerContext& context) {
  return std::max(0.9 * (absl::FromChrono(context.deadline()) - absl::Now()), absl::ZeroDuration());
}

}  // namespace

grpc::Status TuningServiceImpl::CreateTuningJob(grpc::ServerContext*, const v1::CreateTuningJobRequest* request,
                                                v1::TuningJob* response) {
  return Reply("CreateTuningJob", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(CreateTuningJobRequest create, FromProto(*request));
    PEGBOX_ASSIGN_OR_RETURN(const TuningJobView view, tuning_jobs_.Create(std::move(create)));
    *response = ToProto(view);
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::GetTuningJob(grpc::ServerContext*, const v1::GetTuningJobRequest* request,
                                             v1::TuningJob* response) {
  return Reply("GetTuningJob", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const std::string job_id, ParseTuningJobName("name", request->name()));
    PEGBOX_ASSIGN_OR_RETURN(const TuningJobView view, tuning_jobs_.Get(job_id));
    *response = ToProto(view);
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::ListTuningJobs(grpc::ServerContext*, const v1::ListTuningJobsRequest* request,
                                               v1::ListTuningJobsResponse* response) {
  return Reply("ListTuningJobs", [&]() -> absl::Status {
    const std::string key = ListKey(*request);
    PEGBOX_ASSIGN_OR_RETURN(const int64_t size, PageSize(request->page_size(), kDefaultPage, kMaxPage));
    PEGBOX_ASSIGN_OR_RETURN(std::string after_id, ParsePageToken(key, request->page_token()));
    PEGBOX_ASSIGN_OR_RETURN(const std::vector<TuningJobView> views,
                            tuning_jobs_.List({.limit = size + 1, .after_id = std::move(after_id)}));
    const size_t count = FillPage(views, size, *response->mutable_tuning_jobs());
    if (count < views.size()) response->set_next_page_token(MakePageToken(key, views[count - 1].job.id));
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::UpdateTuningJob(grpc::ServerContext*, const v1::UpdateTuningJobRequest* request,
                                                v1::TuningJob* response) {
  return Reply("UpdateTuningJob", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const std::string job_id, ParseTuningJobName("name", request->name()));
    PEGBOX_ASSIGN_OR_RETURN(const LimitChanges changes, FromProto(*request));
    PEGBOX_ASSIGN_OR_RETURN(const TuningJobView view, tuning_jobs_.Update(job_id, changes));
    *response = ToProto(view);
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::StopTuningJob(grpc::ServerContext*, const v1::StopTuningJobRequest* request,
                                              v1::TuningJob* response) {
  return Reply("StopTuningJob", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const std::string job_id, ParseTuningJobName("name", request->name()));
    PEGBOX_ASSIGN_OR_RETURN(const TuningJobView view, tuning_jobs_.Stop(job_id));
    *response = ToProto(view);
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::PauseTuningJob(grpc::ServerContext*, const v1::PauseTuningJobRequest* request,
                                               v1::TuningJob* response) {
  return Reply("PauseTuningJob", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const std::string job_id, ParseTuningJobName("name", request->name()));
    PEGBOX_ASSIGN_OR_RETURN(const TuningJobView view, tuning_jobs_.Pause(job_id));
    *response = ToProto(view);
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::ResumeTuningJob(grpc::ServerContext*, const v1::ResumeTuningJobRequest* request,
                                                v1::TuningJob* response) {
  return Reply("ResumeTuningJob", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const std::string job_id, ParseTuningJobName("name", request->name()));
    PEGBOX_ASSIGN_OR_RETURN(const TuningJobView view, tuning_jobs_.Resume(job_id));
    *response = ToProto(view);
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::WatchTuningJob(grpc::ServerContext* context, const v1::WatchTuningJobRequest* request,
                                               grpc::ServerWriter<v1::WatchTuningJobResponse>* writer) {
  return Reply("WatchTuningJob", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(std::string job_id, ParseTuningJobName("name", request->name()));
    JobWatch watch(
        tuning_jobs_, std::move(job_id), [writer](const auto& response) { return writer->Write(response); },
        [context] { return context->IsCancelled(); });
    return watch.Run(request->since_revision());
  });
}

grpc::Status TuningServiceImpl::DiagnoseTuningJob(grpc::ServerContext*, const v1::DiagnoseTuningJobRequest* request,
                                                  v1::TuningJobDiagnosis* response) {
  return Reply("DiagnoseTuningJob", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const DiagnosisRequest diagnose, FromProto(*request));
    PEGBOX_ASSIGN_OR_RETURN(const JobDiagnosis diagnosis, engine_.job_diagnoses().Diagnose(diagnose));
    *response = ToProto(diagnose.job_id, diagnosis);
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::GetTrial(grpc::ServerContext*, const v1::GetTrialRequest* request,
                                         v1::Trial* response) {
  return Reply("GetTrial", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const TrialId id, ParseTrialName("name", request->name()));
    PEGBOX_ASSIGN_OR_RETURN(const Trial trial, tuning_jobs_.GetTrial(id));
    PEGBOX_ASSIGN_OR_RETURN(const std::vector<Attempt> attempts, tuning_jobs_.ListAttempts(id));
    *response = ToProto(trial);
    for (const Attempt& attempt : attempts) *response->add_attempts() = ToProto(attempt);
    if (trial.provenance.fit) *response->mutable_provenance()->mutable_fit() = ToProto(*trial.provenance.fit);
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::ListTrials(grpc::ServerContext*, const v1::ListTrialsRequest* request,
                                           v1::ListTrialsResponse* response) {
  return Reply("ListTrials", [&]() -> absl::Status {
    const std::string key = ListKey(*request);
    PEGBOX_ASSIGN_OR_RETURN(const std::string job_id, ParseTuningJobName("parent", request->parent()));
    PEGBOX_ASSIGN_OR_RETURN(const int64_t size, PageSize(request->page_size(), kDefaultPage, kMaxPage));
    PEGBOX_ASSIGN_OR_RETURN(TrialQuery query, FromProto(*request));
    PEGBOX_ASSIGN_OR_RETURN(query.offset, ParsePageOffset(key, request->page_token()));
    query.limit = size + 1;
    PEGBOX_ASSIGN_OR_RETURN(const std::vector<Trial> trials, tuning_jobs_.ListTrials(job_id, query));
    const size_t count = FillPage(trials, size, *response->mutable_trials());
    if (count < trials.size()) response->set_next_page_token(MakePageToken(key, absl::StrCat(query.offset + count)));
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::GetBestTrial(grpc::ServerContext*, const v1::GetBestTrialRequest* request,
                                             v1::GetBestTrialResponse* response) {
  return Reply("GetBestTrial", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const std::string job_id, ParseTuningJobName("parent", request->parent()));
    PEGBOX_ASSIGN_OR_RETURN(const BestTrialView view, engine_.best_trials().Get(job_id));
    *response->mutable_best_trial() = ToProto(view.best);
    *response->mutable_recommended_trial() = ToProto(view.recommended);
    response->set_explanation(view.explanation);
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::StopTrial(grpc::ServerContext*, const v1::StopTrialRequest* request,
                                          v1::Trial* response) {
  return Reply("StopTrial", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const TrialId id, ParseTrialName("name", request->name()));
    PEGBOX_ASSIGN_OR_RETURN(const Trial trial, tuning_jobs_.StopTrial(id));
    *response = ToProto(trial);
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::ListMeasurements(grpc::ServerContext*, const v1::ListMeasurementsRequest* request,
                                                 v1::ListMeasurementsResponse* response) {
  return Reply("ListMeasurements", [&]() -> absl::Status {
    const std::string key = ListKey(*request);
    PEGBOX_ASSIGN_OR_RETURN(const TrialId id, ParseTrialName("parent", request->parent()));
    if (!request->metric().empty()) PEGBOX_RETURN_IF_ERROR(ValidateMetricName(request->metric(), "metric"));
    PEGBOX_ASSIGN_OR_RETURN(const int64_t size,
                            PageSize(request->page_size(), kDefaultMeasurementPage, kMaxMeasurementPage));
    PEGBOX_ASSIGN_OR_RETURN(const int64_t offset, ParsePageOffset(key, request->page_token()));
    PEGBOX_ASSIGN_OR_RETURN(
        const std::vector<TrialMeasurement> rows,
        tuning_jobs_.ListMeasurements(id, {.metric = request->metric(), .limit = size + 1, .offset = offset}));
    const size_t count = FillPage(rows, size, *response->mutable_measurements());
    if (count < rows.size()) response->set_next_page_token(MakePageToken(key, absl::StrCat(offset + count)));
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::ReadTrialLog(grpc::ServerContext* context, const v1::ReadTrialLogRequest* request,
                                             grpc::ServerWriter<v1::ReadTrialLogResponse>* writer) {
  return Reply("ReadTrialLog", [&]() -> absl::Status {
    LogStream stream(
        tuning_jobs_, [writer](const auto& response) { return writer->Write(response); },
        [context] { return context->IsCancelled(); });
    return stream.Run(*request);
  });
}

grpc::Status TuningServiceImpl::SuggestTrials(grpc::ServerContext* context, const v1::SuggestTrialsRequest* request,
                                              v1::SuggestTrialsResponse* response) {
  return Reply("SuggestTrials", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(SuggestRequest suggest, FromProto(*request));
    suggest.max_wait = std::min(suggest.max_wait, TimeToAnswer(*context));
    PEGBOX_ASSIGN_OR_RETURN(const SuggestResult result,
                            engine_.client_sessions().Suggest(suggest, [context] { return context->IsCancelled(); }));
    if (result.trials.empty() && tuning_jobs_.signal().is_closed()) return ServerIsStopping();
    *response = ToProto(result);
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::ReportMeasurements(grpc::ServerContext*, const v1::ReportMeasurementsRequest* request,
                                                   v1::ReportMeasurementsResponse* response) {
  return Reply("ReportMeasurements", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const TrialReport report, FromProto(*request, clock_.Now()));
    PEGBOX_ASSIGN_OR_RETURN(const ReportResult result, engine_.trial_reports().Report(report));
    *response = DirectiveFrom(result);
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::CompleteTrial(grpc::ServerContext*, const v1::CompleteTrialRequest* request,
                                              v1::Trial* response) {
  return Reply("CompleteTrial", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const AttemptEnd end, FromProto(*request, clock_.Now()));
    PEGBOX_ASSIGN_OR_RETURN(const Trial trial, engine_.trial_reports().Finish(end));
    *response = ToProto(trial);
    return absl::OkStatus();
  });
}

grpc::Status TuningServiceImpl::ListWorkers(grpc::ServerContext*, const v1::ListWorkersRequest*,
                                            v1::ListWorkersResponse* response) {
  return Reply("ListWorkers", [&]() -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const std::vector<WorkerView> views, tuning_jobs_.ListWorkers());
    for (const WorkerView& view : views) *response->add_workers() = ToProto(view);
    return absl::OkStatus();
  });
}

}  // namespace pegbox
