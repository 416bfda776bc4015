// A server for the agent's tests: a real gRPC service with the contract's rules and no store behind it. Grants are
// repeated until the worker holds them, rows are kept once a key, old attempts are fenced.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "pegbox/v1/worker_service.grpc.pb.h"

namespace pegbox::worker {

// What the server knows of one attempt.
struct ServerAttempt {
  v1::TrialAssignment assignment;
  bool is_granted = false;
  bool is_fenced = false;
  bool is_stopping = false;
  std::string stop_reason;
  std::map<std::pair<std::string, int64_t>, double> rows;  // (metric, step) -> first value
  int64_t row_conflicts = 0;                               // the same key with another value
  std::string log;
  std::vector<int64_t> checkpoint_steps;
  std::string checkpoint_path;
  int reports = 0;
  std::vector<v1::FinishTrialRequest> finishes;

  bool is_finished() const { return !finishes.empty(); }
};

// All that the tests look at and change, under one lock.
struct ServerState {
  absl::Duration lease = absl::Seconds(60);
  std::map<std::string, ServerAttempt> attempts;  // by "tuningJobs/j/trials/1@1"
  std::vector<v1::RegisterWorkerRequest> registrations;
  std::set<std::string> known_incarnations;
  std::string current_incarnation;
  std::vector<v1::SyncWorkerRequest> syncs;
  bool has_left = false;
  // Scripts.
  int grant_replies_to_lose = 0;
  grpc::StatusCode report_error = grpc::StatusCode::OK;
  int64_t max_rows_per_report = 1'000'000;  // more: INVALID_ARGUMENT
  bool refuses_step_2 = false;              // a row with step 2: INVALID_ARGUMENT
  bool refuses_log = false;                 // log bytes: OUT_OF_RANGE
};

class FakeWorkerService final : public v1::WorkerService::Service {
 public:
  // Waits until `is_true`; false after 20 s.
  bool Await(absl::FunctionRef<bool(const ServerState&)> is_true);
  void Change(absl::FunctionRef<void(ServerState&)> change);
  ServerState Get() const;
  // Ends all waiting calls, so that the server around can stop; or lets calls wait again.
  void SetClosed(bool is_closed);

  grpc::Status RegisterWorker(grpc::ServerContext* context, const v1::RegisterWorkerRequest* request,
                              v1::RegisterWorkerResponse* response) override;
  grpc::Status SyncWorker(grpc::ServerContext* context, const v1::SyncWorkerRequest* request,
                          v1::SyncWorkerResponse* response) override;
  grpc::Status ReportTrial(grpc::ServerContext* context,
                           grpc::ServerReaderWriter<v1::ReportTrialResponse, v1::ReportTrialRequest>* stream) override;
  grpc::Status FinishTrial(grpc::ServerContext* context, const v1::FinishTrialRequest* request,
                           v1::FinishTrialResponse* response) override;

 private:
  grpc::Status CheckIncarnation(const std::string& incarnation) const ABSL_SHARED_LOCKS_REQUIRED(mu_);
  void FillOrders(const v1::SyncWorkerRequest& request, v1::SyncWorkerResponse& response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  grpc::Status Take(const v1::ReportTrialRequest& request, v1::ReportTrialResponse& response)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable absl::Mutex mu_;
  ServerState state_ ABSL_GUARDED_BY(mu_);
  bool is_closed_ ABSL_GUARDED_BY(mu_) = false;
};

// Serves the service on a loopback port that stays the same over Stop and Start.
class FakeServer {
 public:
  FakeServer() { Start(); }
  ~FakeServer() { Stop(); }
  void Start();
  void Stop();
  std::string address() const;
  FakeWorkerService& service() { return service_; }

 private:
  FakeWorkerService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

std::string AttemptKey(const v1::AttemptId& id);

}  // namespace pegbox::worker
