#include "server/rpc/rpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status_macros.h"

namespace pegbox {
namespace {

constexpr int kMaxReceivedBytes = 1 << 20;
constexpr int kMaxSentBytes = 16 << 20;
// A waiting call and an open report stream hold a thread each; calls beyond are answered with RESOURCE_EXHAUSTED.
constexpr int kMaxThreads = 4096;

void Configure(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxReceivedBytes);
  builder.SetMaxSendMessageSize(kMaxSentBytes);
  // A second server on the port must fail, not take half of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  // A client that vanished without a word frees its threads; one that asks whether the server is there is no nuisance.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 15'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // The pool grows with the calls that wait. More idle threads are kept than the default's two, so that a burst of
  // short calls does not start and end a thread each.
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 2);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 8);
  grpc::ResourceQuota quota("pegbox-server");
  quota.SetMaxThreads(kMaxThreads);
  builder.SetResourceQuota(quota);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(Engine& engine, const Clock& clock,
                                                            const ListenAddress& address) {
  std::unique_ptr<RpcServer> server(new RpcServer(engine, clock));
  PEGBOX_RETURN_IF_ERROR(server->Bind(address));
  server->SetServing(true);
  return server;
}

absl::Status RpcServer::Bind(ListenAddress address) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  Configure(builder);
  int port = 0;
  builder.AddListeningPort(ToString(address), grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&tuning_service_);
  builder.RegisterService(&worker_service_);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port <= 0) {
    server_ = nullptr;
    const std::string reason = ReasonNotBindable(address);
    return absl::FailedPreconditionError(absl::StrCat(
        "listen address ", ToString(address), ": cannot be bound: ", reason.empty() ? "gRPC does not say why" : reason,
        "; stop the program that uses it, or choose another port"));
  }
  address.port = port;
  address_ = ToString(address);
  return absl::OkStatus();
}

RpcServer::~RpcServer() {
  if (server_ != nullptr) Stop(absl::ZeroDuration());
}

void RpcServer::SetServing(bool is_serving) {
  grpc::HealthCheckServiceInterface* const health = server_->GetHealthCheckService();
  health->SetServingStatus(is_serving);
  health->SetServingStatus(v1::TuningService::service_full_name(), is_serving);
  health->SetServingStatus(v1::WorkerService::service_full_name(), is_serving);
}

void RpcServer::Stop(absl::Duration patience) {
  SetServing(false);
  server_->Shutdown(absl::ToChronoTime(absl::Now() + patience));
  server_->Wait();
  server_ = nullptr;
}

}  // namespace pegbox
