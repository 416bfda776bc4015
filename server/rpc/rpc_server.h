// The gRPC server: both services over one engine, health and reflection, on one address.
#pragma once

#include <grpcpp/server.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "server/engine/engine.h"
#include "server/rpc/listen_address.h"
#include "server/rpc/tuning_service.h"
#include "server/rpc/worker_service.h"

namespace pegbox {

// Thread-safe, but for Stop.
class RpcServer {
 public:
  // Serves from its return on. `engine` has been started. FAILED_PRECONDITION: the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<RpcServer>> Start(Engine& engine, const Clock& clock,
                                                          const ListenAddress& address);
  ~RpcServer();  // as Stop, with no time for the calls

  // host:port, with the port in use.
  const std::string& address() const { return address_; }

  // What health says; SERVING from Start on.
  void SetServing(bool is_serving);

  // Takes no more calls, waits up to `patience` for those that run, and cancels the rest. Stop the engine before or
  // meanwhile: it wakes the calls that wait. Once.
  void Stop(absl::Duration patience);

 private:
  RpcServer(Engine& engine, const Clock& clock) : tuning_service_(engine, clock), worker_service_(engine, clock) {}
  absl::Status Bind(ListenAddress address);

  TuningServiceImpl tuning_service_;
  WorkerServiceImpl worker_service_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace pegbox
