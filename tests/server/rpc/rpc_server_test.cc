// The server around the services: where it listens, health and reflection.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/rpc/listen_address.h"
#include "tests/server/rpc/test_server.h"

namespace pegbox {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

grpc::ByteBuffer Buffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string Bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

// One message there and one back, in the bytes of protobuf: Debian ships no generated code for these services.
std::string Exchange(TestServer& server, const std::string& method, const std::string& request) {
  grpc::GenericStub stub(server.channel());
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  grpc::CompletionQueue queue;
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool is_ok = false;
    return queue.Next(&tag, &is_ok) && is_ok;
  };
  const auto call = stub.PrepareCall(&context, method, &queue);
  grpc::ByteBuffer response;
  grpc::Status status;
  call->StartCall(nullptr);
  wait();
  call->WriteLast(Buffer(request), grpc::WriteOptions(), nullptr);
  wait();
  call->Read(&response, nullptr);
  wait();
  call->Finish(&status, nullptr);
  wait();
  EXPECT_EQ(FromGrpcStatus(status), absl::OkStatus());
  return Bytes(response);
}

std::string Check(TestServer& server, const std::string& service) {
  // HealthCheckRequest{service}
  const std::string request =
      service.empty() ? "" : "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
  return Exchange(server, "/grpc.health.v1.Health/Check", request);
}

TEST(RpcServerTest, HealthSaysWhetherItServes) {
  const std::string serving = "\x08\x01", not_serving = "\x08\x02";  // HealthCheckResponse{status}
  TestServer server(TestServer::Engine::kStill);
  for (const std::string service : {"", "pegbox.v1.TuningService", "pegbox.v1.WorkerService"}) {
    EXPECT_EQ(Check(server, service), serving) << service;
  }
  server.rpc().SetServing(false);
  for (const std::string service : {"", "pegbox.v1.TuningService", "pegbox.v1.WorkerService"}) {
    EXPECT_EQ(Check(server, service), not_serving) << service;
  }
}

TEST(RpcServerTest, ReflectionListsTheServices) {
  TestServer server(TestServer::Engine::kStill);
  const std::string list_services("\x3a\x00", 2);  // ServerReflectionRequest{list_services: ""}
  const std::string response =
      Exchange(server, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", list_services);
  EXPECT_THAT(response, HasSubstr("pegbox.v1.TuningService"));
  EXPECT_THAT(response, HasSubstr("pegbox.v1.WorkerService"));
}

TEST(RpcServerTest, AnAddressInUseIsAClearError) {
  TestServer server(TestServer::Engine::kStill);
  const ListenAddress address = ResolveListenAddress(server.rpc().address()).value();
  const absl::Status second = RpcServer::Start(server.engine(), Clock::Real(), address).status();
  EXPECT_EQ(second, absl::FailedPreconditionError(
                        "listen address " + server.rpc().address() +
                        ": cannot be bound: Address already in use; stop the program that uses it, or choose another "
                        "port"));
  server.Create(ExampleRequest("job"));
  EXPECT_EQ(server.Get("job").name(), "tuningJobs/job") << "the first goes on";
}

TEST(ListenAddressTest, LoopbackIsTakenInEveryForm) {
  for (const auto& [text, resolved] :
       std::vector<std::pair<std::string, std::string>>{{"127.0.0.1:7654", "127.0.0.1:7654"},
                                                        {"127.8.9.10:0", "127.8.9.10:0"},
                                                        {"127.1:1", "127.0.0.1:1"},
                                                        {"[::1]:65535", "[::1]:65535"},
                                                        {"localhost:80", "127.0.0.1:80"}}) {
    const absl::StatusOr<ListenAddress> address = ResolveListenAddress(text);
    ASSERT_EQ(address.status(), absl::OkStatus()) << text;
    EXPECT_EQ(ToString(*address), resolved) << text;
  }
}

TEST(ListenAddressTest, AnyOtherAddressIsRefusedWithTheWayRound) {
  for (const std::string text : {"0.0.0.0:7654", "[::]:7654", "10.0.0.1:7654", "192.168.1.1:7654", "128.0.0.1:7654",
                                 "[fe80::1]:7654", "[::ffff:127.0.0.1]:7654", "0:7654"}) {
    const absl::Status status = ResolveListenAddress(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << text;
    EXPECT_THAT(std::string(status.message()), HasSubstr("ssh -N -L 7654:127.0.0.1:7654")) << text;
  }
}

TEST(ListenAddressTest, WhatIsNoAddressIsInvalid) {
  for (const std::string text :
       {"", ":", "127.0.0.1", ":7654", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:-1", "127.0.0.1:65536", "::1:7654",
        "[::1]", "[::1:7654", "[]:1", "no-such-host.invalid:1"}) {
    const absl::Status status = ResolveListenAddress(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(status.message()), StartsWith("listen address: must ")) << text;
  }
}

}  // namespace
}  // namespace pegbox
