#include "tests/server/rpc/test_server.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "server/search/random_searcher.h"

namespace pegbox {
namespace {

std::string MakeTempFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "pegbox-rpc-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  return name;
}

}  // namespace

v1::CreateTuningJobRequest ExampleRequest(const std::string& job_id) {
  auto request = Parse<v1::CreateTuningJobRequest>(R"pb(
    spec {
      display_name: "Bowl"
      objective { metric: "loss" goal: MINIMIZE }
      parameters {
        name: "x"
        double { min: -1 max: 1 }
      }
      max_jobs: 3
      strategy { algorithm: RANDOM seed: 7 }
      trial { command: "train" command: "--x={x}" }
    }
  )pb");
  request.set_tuning_job_id(job_id);
  return request;
}

TestServer::TestServer(Engine state) : folder_(MakeTempFolder()), trial_log_(folder_ + "/logs") {
  store_ = SqliteStore::Open({.path = folder_ + "/pegbox.db"}).value();
  engine_ = std::make_unique<pegbox::Engine>(
      *store_, trial_log_, Clock::Real(),
      pegbox::Engine::Options{.suggestion_threads = 1, .make_searcher = [](const TuningJobSpec&) {
                                return std::make_unique<RandomSearcher>();
                              }});
  if (state == Engine::kRunning) {
    EXPECT_EQ(engine_->Start(), absl::OkStatus());
  }
  rpc_ = RpcServer::Start(*engine_, Clock::Real(), {.host = "127.0.0.1"}).value();
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  channel_ = grpc::CreateCustomChannel(rpc_->address(), grpc::InsecureChannelCredentials(), arguments);
  tuning_ = v1::TuningService::NewStub(channel_);
  workers_ = v1::WorkerService::NewStub(channel_);
}

TestServer::~TestServer() {
  engine_->Stop();
  rpc_ = nullptr;
  engine_ = nullptr;
  store_ = nullptr;
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

int64_t TestServer::Revision() {
  int64_t revision = -1;
  EXPECT_EQ(store_->Read([&](Reader& reader) -> absl::Status {
    revision = reader.Revision().value();
    return absl::OkStatus();
  }),
            absl::OkStatus());
  return revision;
}

v1::TuningJob TestServer::Create(const v1::CreateTuningJobRequest& request) {
  v1::TuningJob job;
  EXPECT_EQ(Call(*tuning_, &v1::TuningService::Stub::CreateTuningJob, request, job), absl::OkStatus());
  return job;
}

v1::TuningJob TestServer::Get(const std::string& job_id) {
  v1::GetTuningJobRequest request;
  request.set_name(TuningJobName(job_id));
  v1::TuningJob job;
  EXPECT_EQ(Call(*tuning_, &v1::TuningService::Stub::GetTuningJob, request, job), absl::OkStatus());
  return job;
}

v1::TuningJob TestServer::Stop(const std::string& job_id) {
  v1::StopTuningJobRequest request;
  request.set_name(TuningJobName(job_id));
  v1::TuningJob job;
  EXPECT_EQ(Call(*tuning_, &v1::TuningService::Stub::StopTuningJob, request, job), absl::OkStatus());
  return job;
}

v1::Trial TestServer::GetTrial(const std::string& name) {
  v1::GetTrialRequest request;
  request.set_name(name);
  v1::Trial trial;
  EXPECT_EQ(Call(*tuning_, &v1::TuningService::Stub::GetTrial, request, trial), absl::OkStatus());
  return trial;
}

std::vector<v1::WatchTuningJobResponse> TestServer::WatchToEnd(const std::string& job_id, int64_t since_revision) {
  v1::WatchTuningJobRequest request;
  request.set_name(TuningJobName(job_id));
  request.set_since_revision(since_revision);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
  const auto stream = tuning_->WatchTuningJob(&context, request);
  std::vector<v1::WatchTuningJobResponse> responses;
  for (v1::WatchTuningJobResponse response; stream->Read(&response);) responses.push_back(response);
  EXPECT_EQ(FromGrpcStatus(stream->Finish()), absl::OkStatus());
  return responses;
}

}  // namespace pegbox
