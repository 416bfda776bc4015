// A worker that runs nothing, but talks to a TestServer as a real one does.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/server/rpc/test_server.h"

namespace pegbox {

class FakeWorker {
 public:
  FakeWorker(TestServer& server, const std::string& id, std::string incarnation = "incarnation-00001")
      : server_(server), name_(WorkerName(id)), incarnation_(std::move(incarnation)) {}

  absl::Status Register(const std::vector<std::string>& ended_incarnations = {}) {
    v1::RegisterWorkerRequest request;
    request.set_worker(name_);
    request.set_incarnation(incarnation_);
    request.set_host_name("host");
    request.add_device_names("cpu");
    request.set_version("0.1.0");
    for (const std::string& ended : ended_incarnations) request.add_ended_incarnations(ended);
    v1::RegisterWorkerResponse response;
    return server_.Call(server_.workers(), &v1::WorkerService::Stub::RegisterWorker, request, response);
  }

  // What the worker holds, and how many slots are free, in; what it is told, out.
  absl::StatusOr<v1::SyncWorkerResponse> Sync(const std::vector<v1::AttemptId>& held, int free_slots,
                                              absl::Duration max_wait = absl::Seconds(8)) {
    v1::SyncWorkerRequest request;
    request.set_worker(name_);
    request.set_incarnation(incarnation_);
    for (const v1::AttemptId& id : held) *request.add_held_attempts() = id;
    request.set_free_slots(free_slots);
    request.mutable_max_wait()->set_seconds(absl::ToInt64Seconds(max_wait));
    request.mutable_max_wait()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(max_wait % absl::Seconds(1))));
    v1::SyncWorkerResponse response;
    const absl::Status status =
        server_.Call(server_.workers(), &v1::WorkerService::Stub::SyncWorker, request, response);
    if (!status.ok()) return status;
    return response;
  }

  // Waits for the next grant.
  v1::TrialAssignment NextGrant(const std::vector<v1::AttemptId>& held = {}) {
    const absl::StatusOr<v1::SyncWorkerResponse> response = Sync(held, 1);
    if (response.ok() && response->start_size() == 1) return response->start(0);
    ADD_FAILURE() << "no grant: " << response.status() << (response.ok() ? response->DebugString() : "");
    return v1::TrialAssignment();
  }

  v1::ReportTrialRequest Message(const v1::AttemptId& id) const {
    v1::ReportTrialRequest request;
    request.set_worker(name_);
    request.set_incarnation(incarnation_);
    *request.mutable_id() = id;
    return request;
  }

  v1::ReportTrialRequest Losses(const v1::AttemptId& id, int64_t first_step, const std::vector<double>& values) const {
    v1::ReportTrialRequest request = Message(id);
    for (const double value : values) {
      v1::Measurement& row = *request.add_measurements();
      row.set_metric("loss");
      row.set_step(first_step++);
      row.set_value(value);
    }
    return request;
  }

  // One stream of one message.
  absl::StatusOr<v1::ReportTrialResponse> Report(const v1::ReportTrialRequest& request) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    const auto stream = server_.workers().ReportTrial(&context);
    v1::ReportTrialResponse response;
    const bool is_answered = stream->Write(request) && stream->Read(&response);
    stream->WritesDone();
    const absl::Status status = FromGrpcStatus(stream->Finish());
    if (!status.ok()) return status;
    if (!is_answered) return absl::InternalError("no answer and no error");
    return response;
  }

  absl::Status Finish(const v1::AttemptId& id, const v1::Failure* failure = nullptr) {
    v1::FinishTrialRequest request;
    request.set_worker(name_);
    request.set_incarnation(incarnation_);
    *request.mutable_id() = id;
    if (failure != nullptr) *request.mutable_failure() = *failure;
    v1::FinishTrialResponse response;
    return server_.Call(server_.workers(), &v1::WorkerService::Stub::FinishTrial, request, response);
  }

  // The whole of a trial: one report of each value, and a good end.
  void Complete(const v1::AttemptId& id, const std::vector<double>& losses) {
    EXPECT_EQ(Report(Losses(id, 1, losses)).status(), absl::OkStatus());
    EXPECT_EQ(Finish(id), absl::OkStatus());
  }

  const std::string& name() const { return name_; }
  const std::string& incarnation() const { return incarnation_; }

 private:
  TestServer& server_;
  const std::string name_;
  const std::string incarnation_;
};

}  // namespace pegbox
