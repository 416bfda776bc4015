// The worker's side of pegbox.v1.WorkerService: one channel, one incarnation. No retries here.
//
// Every call answers with the server's status (see worker_service.proto), and besides with
//   UNAVAILABLE        nothing answers at the address
//   DEADLINE_EXCEEDED  no answer in time
//   CANCELLED          the call's Interrupt was raised
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pegbox/v1/worker_service.grpc.pb.h"
#include "worker/agent/assignment.h"
#include "worker/agent/interrupt.h"
#include "worker/agent/report_stream.h"

namespace pegbox::worker {

// What the worker says of itself once.
struct Registration {
  std::string host_name;
  std::vector<std::string> device_names;
  std::string version;
  std::vector<std::string> ended_incarnations;
};

struct WorkerState {
  std::vector<AttemptId> held;      // granted and not yet finished
  std::vector<AttemptId> stopping;  // those of `held` that are told to stop already
  int free_slots = 0;
  absl::Duration max_wait;
  bool is_leaving = false;
};

struct StopOrder {
  AttemptId id;
  std::string reason;
};

struct WorkerOrders {
  std::vector<Assignment> start;
  std::vector<StopOrder> stop;
  std::vector<AttemptId> fence;
};

// The server, or the way to it, is not well now: the same call may be answered later.
bool IsPassing(const absl::Status& error);

// Thread-safe.
class ServerLink {
 public:
  // Connects when the first call is made. Plaintext.
  ServerLink(const std::string& address, absl::string_view worker_id, std::string incarnation);

  // The lease duration.
  absl::StatusOr<absl::Duration> Register(const Registration& registration, Interrupt& interrupt);
  // Waits up to state.max_wait while the server has nothing to say. What cannot be read of the answer is logged and
  // left out.
  absl::StatusOr<WorkerOrders> Sync(const WorkerState& state, Interrupt& interrupt);
  absl::Status Finish(const AttemptId& id, const std::optional<Failure>& failure, Interrupt& interrupt);
  // The interrupt outlives the stream.
  std::unique_ptr<ReportStream> OpenReportStream(const AttemptId& id, Interrupt& interrupt);

 private:
  const std::string worker_name_;
  const std::string incarnation_;
  const std::unique_ptr<v1::WorkerService::Stub> stub_;
};

}  // namespace pegbox::worker
