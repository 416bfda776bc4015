// The worker's agent: keeps the server told of what the worker holds, starts what the server grants, and stops, fences
// and hands back what it must. One attempt a slot.
//
//   register -> sync, again and again --RequestStop--> stop the trials -> hand them back -> last sync
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/agent/assignment.h"
#include "worker/agent/attempt_runner.h"
#include "worker/agent/backoff.h"
#include "worker/agent/device_slots.h"
#include "worker/agent/incarnation_file.h"
#include "worker/agent/interrupt.h"
#include "worker/agent/server_link.h"
#include "worker/agent/worker_folder.h"
#include "worker/process/environment.h"

namespace pegbox::worker {

class Agent {
 public:
  struct Options {
    std::string server_address;  // host:port
    std::string data_folder;
    std::string worker_id;
    std::string host_name;
    std::vector<DeviceSlot> slots;  // 1 to kMaxSlots
    std::string version;
    Environment base_environment;                 // of every trial
    std::string guard_path;                       // empty: beside the running program
    int64_t log_limit_bytes = int64_t{16} << 20;  // of an attempt's output, on disk and sent
    ReportQueue::Limits report_limits;
    // How long a worker that is told to stop tries to hand its ended trials back.
    absl::Duration leave_timeout = absl::Seconds(10);
  };

  // Takes the data folder, and ends what an earlier incarnation left running.
  // INVALID_ARGUMENT: an option breaks its rule. FAILED_PRECONDITION: another worker uses the folder. Else as the
  // system says of the folder.
  static absl::StatusOr<std::unique_ptr<Agent>> Create(Options options);

  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Works until RequestStop, then stops the trials, hands them back and takes leave: OK. Call once.
  // ABORTED: another worker has registered under this id; all trials here were killed. INVALID_ARGUMENT,
  // FAILED_PRECONDITION, UNIMPLEMENTED...: the server does not take this worker.
  absl::Status Run();

  // Thread-safe.
  void RequestStop();

 private:
  Agent(Options options, WorkerFolder folder);

  // One call to the server and what follows from it: registers if that is due, else syncs. Not OK: this incarnation is
  // over.
  absl::Status Step();
  absl::Status Register();
  absl::Status Sync();
  // Pauses before the next try. Not OK: there is none.
  absl::Status HandleError(const absl::Status& error);
  WorkerState State() const;
  // False: nothing came of it.
  bool Obey(WorkerOrders orders, absl::Duration sent_at);
  bool StartAttempt(Assignment assignment, absl::Duration sent_at);
  void HandBack(const AttemptId& id);
  std::optional<size_t> FreeSlot() const;
  // Forgets the attempts that are done; their slots are free.
  void Reap();
  void FenceAll();
  absl::Status Leave();

  // Constant after Create.
  const Options options_;
  const WorkerFolder folder_;
  IncarnationFile incarnations_;
  std::vector<std::string> ended_incarnations_;
  std::string incarnation_;
  std::unique_ptr<ServerLink> server_;

  // Of Run's thread alone.
  bool is_registered_ = false;
  bool is_leaving_ = false;
  absl::Duration lease_duration_;
  Backoff backoff_;
  bool is_away_ = false;      // the last call failed
  std::set<AttemptId> done_;  // never run again here

  // Own synchronisation.
  std::atomic<bool> is_stop_requested_ = false;
  Interrupt interrupt_;  // raised when there is something new to tell the server

  // Of Run's thread alone; last, because the runners use what is above.
  std::map<AttemptId, std::unique_ptr<AttemptRunner>> runners_;
  std::map<size_t, AttemptId> busy_slots_;
};

}  // namespace pegbox::worker
