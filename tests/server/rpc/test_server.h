// A whole server in this process: real store, real engine, real gRPC on a free port of loopback.
#pragma once

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/grpc_status.h"
#include "pegbox/v1/tuning_service.grpc.pb.h"
#include "pegbox/v1/worker_service.grpc.pb.h"
#include "server/engine/engine.h"
#include "server/rpc/rpc_server.h"
#include "server/store/sqlite_store.h"
#include "server/store/trial_log.h"

namespace pegbox {

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  if (!google::protobuf::TextFormat::ParseFromString(text, &message)) ADD_FAILURE() << "not a message: " << text;
  return message;
}

// A job of three trials at most, one at a time, over x in [-1, 1], to minimise "loss".
v1::CreateTuningJobRequest ExampleRequest(const std::string& job_id);

class TestServer {
 public:
  enum class Engine { kRunning, kStill };  // still: no trial is ever made, nothing changes by itself

  explicit TestServer(Engine state = Engine::kRunning);
  ~TestServer();

  v1::TuningService::Stub& tuning() { return *tuning_; }
  v1::WorkerService::Stub& workers() { return *workers_; }
  pegbox::Engine& engine() { return *engine_; }
  RpcServer& rpc() { return *rpc_; }
  SqliteStore& store() { return *store_; }
  const std::shared_ptr<grpc::Channel>& channel() { return channel_; }

  // Of the last commit.
  int64_t Revision();

  // Calls with a deadline of 10 s.
  template <typename Stub, typename Request, typename Response>
  absl::Status Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    return FromGrpcStatus((stub.*method)(&context, request, &response));
  }

  // Those that every test needs.
  v1::TuningJob Create(const v1::CreateTuningJobRequest& request);
  v1::TuningJob Get(const std::string& job_id);
  v1::TuningJob Stop(const std::string& job_id);
  v1::Trial GetTrial(const std::string& name);
  // Everything from the watch, until it ends.
  std::vector<v1::WatchTuningJobResponse> WatchToEnd(const std::string& job_id, int64_t since_revision = 0);

 private:
  const std::string folder_;
  std::unique_ptr<SqliteStore> store_;
  TrialLog trial_log_;
  std::unique_ptr<pegbox::Engine> engine_;
  std::unique_ptr<RpcServer> rpc_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::TuningService::Stub> tuning_;
  std::unique_ptr<v1::WorkerService::Stub> workers_;
};

}  // namespace pegbox
