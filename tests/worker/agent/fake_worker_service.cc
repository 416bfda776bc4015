#include "tests/worker/agent/fake_worker_service.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace pegbox::worker {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(20);

bool IsSame(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

bool Holds(const v1::SyncWorkerRequest& request, const std::string& key) {
  return std::any_of(request.held_attempts().begin(), request.held_attempts().end(),
                     [&](const v1::AttemptId& id) { return AttemptKey(id) == key; });
}

bool Stops(const v1::SyncWorkerRequest& request, const std::string& key) {
  return std::any_of(request.stopping_attempts().begin(), request.stopping_attempts().end(),
                     [&](const v1::AttemptId& id) { return AttemptKey(id) == key; });
}

}  // namespace

std::string AttemptKey(const v1::AttemptId& id) { return absl::StrCat(id.trial(), "@", id.attempt()); }

bool FakeWorkerService::Await(absl::FunctionRef<bool(const ServerState&)> is_true) {
  absl::MutexLock lock(&mu_);
  const auto condition = [&]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return is_true(state_); };
  return mu_.AwaitWithTimeout(absl::Condition(&condition), kPatience);
}

void FakeWorkerService::Change(absl::FunctionRef<void(ServerState&)> change) {
  absl::MutexLock lock(&mu_);
  change(state_);
}

ServerState FakeWorkerService::Get() const {
  absl::MutexLock lock(&mu_);
  return state_;
}

void FakeWorkerService::SetClosed(bool is_closed) {
  absl::MutexLock lock(&mu_);
  is_closed_ = is_closed;
}

grpc::Status FakeWorkerService::CheckIncarnation(const std::string& incarnation) const {
  if (state_.known_incarnations.count(incarnation) == 0) return {grpc::StatusCode::NOT_FOUND, "register first"};
  if (state_.current_incarnation != incarnation) return {grpc::StatusCode::ABORTED, "fenced"};
  return grpc::Status::OK;
}

grpc::Status FakeWorkerService::RegisterWorker(grpc::ServerContext*, const v1::RegisterWorkerRequest* request,
                                               v1::RegisterWorkerResponse* response) {
  absl::MutexLock lock(&mu_);
  state_.registrations.push_back(*request);
  state_.known_incarnations.insert(request->incarnation());
  state_.current_incarnation = request->incarnation();
  response->mutable_lease_duration()->set_seconds(absl::ToInt64Seconds(state_.lease));
  response->mutable_lease_duration()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(state_.lease % absl::Seconds(1))));
  return grpc::Status::OK;
}

grpc::Status FakeWorkerService::SyncWorker(grpc::ServerContext* context, const v1::SyncWorkerRequest* request,
                                           v1::SyncWorkerResponse* response) {
  const absl::Time deadline =
      absl::Now() + absl::Seconds(request->max_wait().seconds()) + absl::Nanoseconds(request->max_wait().nanos());
  absl::MutexLock lock(&mu_);
  state_.syncs.push_back(*request);
  while (true) {
    if (grpc::Status status = CheckIncarnation(request->incarnation()); !status.ok()) return status;
    if (request->is_leaving()) {
      state_.has_left = true;
      return grpc::Status::OK;
    }
    FillOrders(*request, *response);
    const bool has_grants = response->start_size() > 0;
    if (has_grants && state_.grant_replies_to_lose > 0) {
      --state_.grant_replies_to_lose;
      return {grpc::StatusCode::UNAVAILABLE, "the reply is lost"};
    }
    const bool has_orders = has_grants || response->stop_size() > 0 || response->fence_size() > 0;
    if (has_orders || is_closed_ || context->IsCancelled() || absl::Now() >= deadline) return grpc::Status::OK;
    const auto never = [] { return false; };
    mu_.AwaitWithTimeout(absl::Condition(&never), absl::Milliseconds(5));
  }
}

void FakeWorkerService::FillOrders(const v1::SyncWorkerRequest& request, v1::SyncWorkerResponse& response) {
  int free_slots = request.free_slots();
  for (auto& [key, attempt] : state_.attempts) {
    if (attempt.is_finished()) continue;
    if (attempt.is_fenced) {
      if (Holds(request, key)) *response.add_fence() = attempt.assignment.id();
    } else if (Holds(request, key)) {
      if (!attempt.is_stopping || Stops(request, key)) continue;
      v1::StopDirective& stop = *response.add_stop();
      *stop.mutable_id() = attempt.assignment.id();
      stop.set_reason(attempt.stop_reason);
    } else if (attempt.is_granted || free_slots-- > 0) {
      attempt.is_granted = true;
      *response.add_start() = attempt.assignment;
    }
  }
  for (const v1::AttemptId& id : request.held_attempts()) {
    const auto found = state_.attempts.find(AttemptKey(id));
    if (found == state_.attempts.end() || found->second.is_finished()) *response.add_fence() = id;
  }
}

grpc::Status FakeWorkerService::ReportTrial(
    grpc::ServerContext*, grpc::ServerReaderWriter<v1::ReportTrialResponse, v1::ReportTrialRequest>* stream) {
  v1::ReportTrialRequest request;
  while (stream->Read(&request)) {
    v1::ReportTrialResponse response;
    grpc::Status status;
    {
      absl::MutexLock lock(&mu_);
      status = Take(request, response);
    }
    if (!status.ok()) return status;
    if (!stream->Write(response)) break;
  }
  return grpc::Status::OK;
}

grpc::Status FakeWorkerService::Take(const v1::ReportTrialRequest& request, v1::ReportTrialResponse& response) {
  if (state_.report_error != grpc::StatusCode::OK) return {state_.report_error, "scripted"};
  if (grpc::Status status = CheckIncarnation(request.incarnation()); !status.ok()) return status;
  const auto found = state_.attempts.find(AttemptKey(request.id()));
  if (found == state_.attempts.end() || found->second.is_fenced) return {grpc::StatusCode::ABORTED, "fenced"};
  ServerAttempt& attempt = found->second;
  ++attempt.reports;
  if (state_.refuses_log && !request.log_data().empty()) return {grpc::StatusCode::OUT_OF_RANGE, "a gap"};
  const bool has_bad_row = std::any_of(request.measurements().begin(), request.measurements().end(),
                                       [this](const v1::Measurement& row) ABSL_SHARED_LOCKS_REQUIRED(mu_) {
                                         return state_.refuses_step_2 && row.step() == 2;
                                       });
  if (has_bad_row || request.measurements_size() > state_.max_rows_per_report) {
    return {grpc::StatusCode::INVALID_ARGUMENT, "scripted"};
  }
  for (const v1::Measurement& row : request.measurements()) {
    const auto [existing, is_new] = attempt.rows.try_emplace({row.metric(), row.step()}, row.value());
    if (!is_new && !IsSame(existing->second, row.value())) ++attempt.row_conflicts;
    response.set_new_measurements(response.new_measurements() + (is_new ? 1 : 0));
  }
  const auto size = static_cast<int64_t>(attempt.log.size());
  if (request.log_offset() <= size) {
    const auto skipped =
        std::min<int64_t>(size - request.log_offset(), static_cast<int64_t>(request.log_data().size()));
    attempt.log += request.log_data().substr(static_cast<size_t>(skipped));
  }
  if (request.has_checkpoint_step()) {
    attempt.checkpoint_steps.push_back(request.checkpoint_step());
    attempt.checkpoint_path = request.checkpoint_path();
  }
  response.set_log_size(static_cast<int64_t>(attempt.log.size()));
  response.set_should_stop(attempt.is_stopping);
  response.set_stop_reason(attempt.stop_reason);
  return grpc::Status::OK;
}

grpc::Status FakeWorkerService::FinishTrial(grpc::ServerContext*, const v1::FinishTrialRequest* request,
                                            v1::FinishTrialResponse*) {
  absl::MutexLock lock(&mu_);
  if (grpc::Status status = CheckIncarnation(request->incarnation()); !status.ok()) return status;
  const auto found = state_.attempts.find(AttemptKey(request->id()));
  if (found == state_.attempts.end() || found->second.is_fenced) return {grpc::StatusCode::ABORTED, "fenced"};
  found->second.finishes.push_back(*request);
  return grpc::Status::OK;
}

void FakeServer::Start() {
  service_.SetClosed(false);
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  int port = 0;
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port_), grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service_);
  server_ = builder.BuildAndStart();
  port_ = port;
}

void FakeServer::Stop() {
  if (server_ == nullptr) return;
  service_.SetClosed(true);
  server_->Shutdown(std::chrono::system_clock::now());
  server_.reset();
}

std::string FakeServer::address() const { return absl::StrCat("127.0.0.1:", port_); }

}  // namespace pegbox::worker
