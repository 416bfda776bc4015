#include "tests/client/fake_tuning_service.h"

#include <grpcpp/server_builder.h>

#include <chrono>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace pegbox {
namespace {

constexpr size_t kPage = 2;  // so that a few rows are several pages

grpc::Status NotFound(const std::string& name) {
  return grpc::Status(grpc::StatusCode::NOT_FOUND, absl::StrCat(name, ": does not exist"));
}

// The page after `token` of `rows`, which goes by the number of its first row.
template <typename Row, typename Field>
std::string FillPage(const std::vector<Row>& rows, const std::string& token, Field* field) {
  const size_t begin = token.empty() ? 0 : std::stoul(token);
  const size_t end = std::min(begin + kPage, rows.size());
  for (size_t i = begin; i < end; ++i) *field->Add() = rows[i];
  return end < rows.size() ? absl::StrCat(end) : "";
}

}  // namespace

void FakeTuningService::AddWatch(WatchScript script) {
  absl::MutexLock lock(&mu_);
  watches_.push_back(std::move(script));
}

std::vector<int64_t> FakeTuningService::since_revisions() const {
  absl::MutexLock lock(&mu_);
  return since_revisions_;
}

v1::CreateTuningJobRequest FakeTuningService::create_request() const {
  absl::MutexLock lock(&mu_);
  return create_request_;
}

std::vector<std::string> FakeTuningService::stopped() const {
  absl::MutexLock lock(&mu_);
  return stopped_;
}

v1::ReadTrialLogRequest FakeTuningService::log_request() const {
  absl::MutexLock lock(&mu_);
  return log_request_;
}

bool FakeTuningService::AwaitWatchCalls(size_t count) const {
  const auto is_reached = [&] { return since_revisions_.size() >= count; };
  absl::MutexLock lock(&mu_);
  return mu_.AwaitWithTimeout(absl::Condition(&is_reached), absl::Seconds(20));
}

std::string FakeTuningService::Start() {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr) std::abort();
  return absl::StrCat("127.0.0.1:", port);
}

void FakeTuningService::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
  server_ = nullptr;
}

grpc::Status FakeTuningService::AnswerJob(const std::string& name, std::optional<v1::TuningJob::State> state,
                                          v1::TuningJob* response) {
  if (error.has_value()) return *error;
  for (const v1::TuningJob& job : jobs) {
    if (job.name() != name) continue;
    *response = job;
    if (state.has_value()) response->set_state(*state);
    return grpc::Status::OK;
  }
  return NotFound(name);
}

grpc::Status FakeTuningService::AnswerTrial(const std::string& name, v1::Trial* response) const {
  if (error.has_value()) return *error;
  for (const v1::Trial& trial : trials) {
    if (trial.name() != name) continue;
    *response = trial;
    return grpc::Status::OK;
  }
  return NotFound(name);
}

grpc::Status FakeTuningService::CreateTuningJob(Context*, const v1::CreateTuningJobRequest* request,
                                                v1::TuningJob* response) {
  absl::MutexLock lock(&mu_);
  create_request_ = *request;
  if (error.has_value()) return *error;
  *response = jobs.at(0);
  *response->mutable_spec() = request->spec();
  return grpc::Status::OK;
}

grpc::Status FakeTuningService::GetTuningJob(Context*, const v1::GetTuningJobRequest* request,
                                             v1::TuningJob* response) {
  absl::MutexLock lock(&mu_);
  const bool is_stopped = !stopped_.empty();
  return AnswerJob(request->name(), is_stopped ? std::optional(v1::TuningJob::STOPPED) : std::nullopt, response);
}

grpc::Status FakeTuningService::ListTuningJobs(Context*, const v1::ListTuningJobsRequest* request,
                                               v1::ListTuningJobsResponse* response) {
  if (error.has_value()) return *error;
  response->set_next_page_token(FillPage(jobs, request->page_token(), response->mutable_tuning_jobs()));
  return grpc::Status::OK;
}

grpc::Status FakeTuningService::StopTuningJob(Context*, const v1::StopTuningJobRequest* request,
                                              v1::TuningJob* response) {
  absl::MutexLock lock(&mu_);
  stopped_.push_back(request->name());
  return AnswerJob(request->name(), v1::TuningJob::STOPPING, response);
}

grpc::Status FakeTuningService::PauseTuningJob(Context*, const v1::PauseTuningJobRequest* request,
                                               v1::TuningJob* response) {
  return AnswerJob(request->name(), v1::TuningJob::PAUSED, response);
}

grpc::Status FakeTuningService::ResumeTuningJob(Context*, const v1::ResumeTuningJobRequest* request,
                                                v1::TuningJob* response) {
  return AnswerJob(request->name(), v1::TuningJob::RUNNING, response);
}

grpc::Status FakeTuningService::WatchTuningJob(Context* context, const v1::WatchTuningJobRequest* request,
                                               grpc::ServerWriter<v1::WatchTuningJobResponse>* writer) {
  WatchScript script;
  {
    absl::MutexLock lock(&mu_);
    since_revisions_.push_back(request->since_revision());
    if (watches_.empty()) return grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "the test expects no more watches");
    script = std::move(watches_.front());
    watches_.pop_front();
  }
  script.before_events();
  for (const v1::WatchTuningJobResponse& event : script.events) writer->Write(event);
  if (script.waits_for_stop) {
    const auto is_stopped = [this] { return !stopped_.empty(); };
    absl::MutexLock lock(&mu_);
    while (!context->IsCancelled() && !mu_.AwaitWithTimeout(absl::Condition(&is_stopped), absl::Milliseconds(10))) {
    }
  }
  return script.end;
}

grpc::Status FakeTuningService::GetTrial(Context*, const v1::GetTrialRequest* request, v1::Trial* response) {
  return AnswerTrial(request->name(), response);
}

grpc::Status FakeTuningService::ListTrials(Context*, const v1::ListTrialsRequest* request,
                                           v1::ListTrialsResponse* response) {
  if (error.has_value()) return *error;
  if (jobs.empty() || request->parent() != jobs[0].name()) return NotFound(request->parent());
  std::vector<v1::Trial> rows = trials;
  if (request->order() == v1::ListTrialsRequest::BEST_FIRST) {
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.value() < b.value(); });
  }
  response->set_next_page_token(FillPage(rows, request->page_token(), response->mutable_trials()));
  return grpc::Status::OK;
}

grpc::Status FakeTuningService::DiagnoseTuningJob(Context*, const v1::DiagnoseTuningJobRequest* request,
                                                  v1::TuningJobDiagnosis* response) {
  if (error.has_value()) return *error;
  *response = diagnosis;
  response->set_train_metric(request->train_metric().empty() ? "train:loss" : request->train_metric());
  response->set_validation_metric("validation:loss");
  return grpc::Status::OK;
}

grpc::Status FakeTuningService::GetBestTrial(Context*, const v1::GetBestTrialRequest* request,
                                             v1::GetBestTrialResponse* response) {
  if (error.has_value()) return *error;
  for (const v1::TuningJob& job : jobs) {
    if (job.name() != request->parent() || job.best_trial().empty()) continue;
    response->set_explanation("why");
    const grpc::Status status = AnswerTrial(job.best_trial(), response->mutable_best_trial());
    if (!status.ok()) return status;
    return AnswerTrial(recommended.empty() ? job.best_trial() : recommended, response->mutable_recommended_trial());
  }
  return NotFound(request->parent());
}

grpc::Status FakeTuningService::StopTrial(Context*, const v1::StopTrialRequest* request, v1::Trial* response) {
  const grpc::Status status = AnswerTrial(request->name(), response);
  response->set_state(v1::Trial::STOPPING);
  return status;
}

grpc::Status FakeTuningService::ListMeasurements(Context*, const v1::ListMeasurementsRequest* request,
                                                 v1::ListMeasurementsResponse* response) {
  if (error.has_value()) return *error;
  response->set_next_page_token(FillPage(measurements, request->page_token(), response->mutable_measurements()));
  return grpc::Status::OK;
}

grpc::Status FakeTuningService::ReadTrialLog(Context*, const v1::ReadTrialLogRequest* request,
                                             grpc::ServerWriter<v1::ReadTrialLogResponse>* writer) {
  {
    absl::MutexLock lock(&mu_);
    log_request_ = *request;
  }
  v1::Trial trial;
  if (const grpc::Status status = AnswerTrial(request->name(), &trial); !status.ok()) return status;
  v1::ReadTrialLogResponse piece;
  for (const std::string& data : log) {
    piece.set_data(data);
    writer->Write(piece);
    piece.set_offset(piece.offset() + static_cast<int64_t>(data.size()));
  }
  return grpc::Status::OK;
}

grpc::Status FakeTuningService::ListWorkers(Context*, const v1::ListWorkersRequest*,
                                            v1::ListWorkersResponse* response) {
  if (error.has_value()) return *error;
  for (const v1::Worker& worker : workers) *response->add_workers() = worker;
  return grpc::Status::OK;
}

}  // namespace pegbox
