#include "worker/agent/agent.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/log.h"
#include "common/status_macros.h"
#include "worker/agent/monotonic_time.h"

namespace pegbox::worker {
namespace {

constexpr absl::Duration kLongestWait = absl::Seconds(10);
constexpr absl::Duration kLeavingWait = absl::Milliseconds(500);
constexpr absl::Duration kSweepTimeout = absl::Seconds(10);
// Between syncs whose answers changed nothing, so that an order which cannot be followed makes no storm.
constexpr absl::Duration kShortestInterval = absl::Milliseconds(50);
constexpr size_t kDoneKept = 4096;

absl::Status ValidateOptions(const Agent::Options& options) {
  PEGBOX_RETURN_IF_ERROR(ValidateResourceId("--id", options.worker_id));
  if (options.slots.empty() || options.slots.size() > kMaxSlots) {
    return absl::InvalidArgumentError(
        absl::StrCat("--slots: must be 1 to ", kMaxSlots, "; got ", options.slots.size()));
  }
  return absl::OkStatus();
}

}  // namespace

Agent::Agent(Options options, WorkerFolder folder)
    : options_(std::move(options)), folder_(std::move(folder)), incarnations_(folder_.incarnations_path()) {}

absl::StatusOr<std::unique_ptr<Agent>> Agent::Create(Options options) {
  PEGBOX_RETURN_IF_ERROR(ValidateOptions(options));
  PEGBOX_ASSIGN_OR_RETURN(WorkerFolder folder, WorkerFolder::Open(options.data_folder));
  std::unique_ptr<Agent> agent(new Agent(std::move(options), std::move(folder)));
  agent->ended_incarnations_ = agent->incarnations_.EndEarlier(kSweepTimeout);
  PEGBOX_ASSIGN_OR_RETURN(agent->incarnation_, agent->incarnations_.Begin());
  const size_t removed = agent->folder_.RemoveOldTrials(absl::Now());
  if (removed > 0) Log()->info("old trial folders removed count={}", removed);
  agent->server_ =
      std::make_unique<ServerLink>(agent->options_.server_address, agent->options_.worker_id, agent->incarnation_);
  return agent;
}

absl::Status Agent::Run() {
  Log()->info("worker started worker={} incarnation={} slots={} server={}", options_.worker_id, incarnation_,
              options_.slots.size(), options_.server_address);
  absl::Status status;
  while (status.ok() && !is_stop_requested_) status = Step();
  if (status.ok()) status = Leave();
  FenceAll();
  return status;
}

void Agent::RequestStop() {
  is_stop_requested_ = true;
  interrupt_.Raise();
}

absl::Status Agent::Step() {
  Reap();
  interrupt_.Clear();
  // What is raised from here on is not yet in the state that is sent.
  if (is_stop_requested_ && !is_leaving_) return absl::OkStatus();
  const absl::Status status = is_registered_ ? Sync() : Register();
  if (!status.ok()) return HandleError(status);
  if (is_away_) Log()->info("server reached again worker={}", options_.worker_id);
  is_away_ = false;
  backoff_.Reset();
  return absl::OkStatus();
}

absl::Status Agent::Register() {
  Registration registration = {
      .host_name = options_.host_name, .version = options_.version, .ended_incarnations = ended_incarnations_};
  for (const DeviceSlot& slot : options_.slots) registration.device_names.push_back(slot.name);
  PEGBOX_ASSIGN_OR_RETURN(lease_duration_, server_->Register(registration, interrupt_));
  is_registered_ = true;
  incarnations_.Forget(ended_incarnations_);
  Log()->info("worker registered worker={} lease={} ended_incarnations={}", options_.worker_id,
              absl::FormatDuration(lease_duration_), ended_incarnations_.size());
  return absl::OkStatus();
}

absl::Status Agent::Sync() {
  const WorkerState state = State();
  const absl::Duration sent_at = MonotonicNow();
  PEGBOX_ASSIGN_OR_RETURN(WorkerOrders orders, server_->Sync(state, interrupt_));
  for (const AttemptId& id : state.held) {
    const bool is_current = std::find(orders.fence.begin(), orders.fence.end(), id) == orders.fence.end();
    if (is_current) runners_.at(id)->RenewLease(sent_at);
  }
  const bool has_acted = Obey(std::move(orders), sent_at);
  if (!has_acted && MonotonicNow() - sent_at < kShortestInterval) interrupt_.WaitFor(kShortestInterval);
  return absl::OkStatus();
}

absl::Status Agent::HandleError(const absl::Status& error) {
  if (interrupt_.is_raised()) return absl::OkStatus();
  if (absl::IsAborted(error)) {
    Log()->error("worker fenced worker={} error=\"{}\"", options_.worker_id, error.ToString());
    return absl::AbortedError(
        absl::StrCat("another worker has registered as ", options_.worker_id, "; give each worker an --id of its own"));
  }
  if (!is_registered_ && !IsPassing(error)) return error;
  if (is_registered_ && absl::IsNotFound(error)) {
    Log()->warn("worker unknown to the server worker={}", options_.worker_id);
    is_registered_ = false;
    return absl::OkStatus();
  }
  if (!is_away_) Log()->warn("server not reached worker={} error=\"{}\"", options_.worker_id, error.ToString());
  is_away_ = true;
  const absl::Duration pause = backoff_.Next();
  interrupt_.WaitFor(is_leaving_ ? std::min(pause, kLeavingWait) : pause);
  return absl::OkStatus();
}

WorkerState Agent::State() const {
  WorkerState state;
  for (const auto& [id, runner] : runners_) {
    if (runner->is_fenced()) continue;
    state.held.push_back(id);
    if (runner->is_stopping()) state.stopping.push_back(id);
  }
  if (is_leaving_) {
    state.max_wait = runners_.empty() ? absl::ZeroDuration() : kLeavingWait;
  } else {
    state.free_slots = static_cast<int>(options_.slots.size() - runners_.size());
    // After an outage the first answer is to come at once.
    state.max_wait = is_away_ ? absl::ZeroDuration() : std::min(kLongestWait, lease_duration_ / 4);
  }
  return state;
}

bool Agent::Obey(WorkerOrders orders, absl::Duration sent_at) {
  bool has_acted = false;
  for (const AttemptId& id : orders.fence) {
    const auto runner = runners_.find(id);
    if (runner == runners_.end()) continue;
    runner->second->Fence();
    has_acted = true;
  }
  for (const StopOrder& order : orders.stop) {
    const auto runner = runners_.find(order.id);
    if (runner == runners_.end()) continue;
    runner->second->Stop(order.reason);
    has_acted = true;
  }
  for (Assignment& assignment : orders.start) {
    if (is_leaving_) {
      HandBack(assignment.id);
    } else {
      has_acted = StartAttempt(std::move(assignment), sent_at) || has_acted;
    }
  }
  return has_acted;
}

bool Agent::StartAttempt(Assignment assignment, absl::Duration sent_at) {
  const AttemptId id = assignment.id;
  const std::optional<size_t> slot = FreeSlot();
  if (runners_.contains(id) || done_.contains(id) || !slot.has_value()) {
    Log()->warn("grant not taken trial={} attempt={} reason=\"{}\"", TrialName(id.trial), id.number,
                slot.has_value() ? "it has run here" : "no slot is free");
    return false;
  }
  AttemptRunner::Options options = {.surroundings = {.base = options_.base_environment,
                                                     .slot = options_.slots[*slot],
                                                     .checkpoint_folder = "",
                                                     .socket_path = folder_.SocketPath(*slot)},
                                    .lease_duration = lease_duration_,
                                    .log_limit_bytes = options_.log_limit_bytes,
                                    .guard_path = options_.guard_path,
                                    .report_limits = options_.report_limits};
  runners_[id] = std::make_unique<AttemptRunner>(*server_, folder_, incarnations_, std::move(options),
                                                 std::move(assignment), sent_at, [this] { interrupt_.Raise(); });
  busy_slots_[*slot] = id;
  return true;
}

// A grant that was on its way when the worker was told to stop.
void Agent::HandBack(const AttemptId& id) {
  if (runners_.contains(id) || done_.contains(id)) return;
  const absl::Status status =
      server_->Finish(id, Failure{.kind = FailureKind::kLost, .detail = "worker stopped"}, interrupt_);
  Log()->info("grant handed back trial={} attempt={} status=\"{}\"", TrialName(id.trial), id.number, status.ToString());
}

std::optional<size_t> Agent::FreeSlot() const {
  for (size_t slot = 0; slot < options_.slots.size(); ++slot) {
    if (!busy_slots_.contains(slot)) return slot;
  }
  return std::nullopt;
}

void Agent::Reap() {
  // Each is_done() is asked once: it may change at any time.
  std::erase_if(busy_slots_, [this](const auto& entry) {
    const auto runner = runners_.find(entry.second);
    if (!runner->second->is_done()) return false;
    done_.insert(runner->first);
    runners_.erase(runner);
    return true;
  });
  while (done_.size() > kDoneKept) done_.erase(done_.begin());
}

void Agent::FenceAll() {
  for (const auto& [id, runner] : runners_) {
    runner->Fence();
    runner->GiveUp();
  }
  busy_slots_.clear();
  runners_.clear();
}

absl::Status Agent::Leave() {
  if (!is_registered_ && runners_.empty()) return absl::OkStatus();
  is_leaving_ = true;
  Log()->info("worker stopping worker={} attempts={}", options_.worker_id, runners_.size());
  for (const auto& [id, runner] : runners_) runner->Leave();
  absl::Duration gone_time = absl::InfiniteDuration();
  // At least once, for a grant whose reply was broken off.
  do {
    PEGBOX_RETURN_IF_ERROR(Step());
    Reap();
    const bool is_gone = std::all_of(runners_.begin(), runners_.end(),
                                     [](const auto& entry) { return entry.second->are_processes_gone(); });
    if (is_gone) gone_time = std::min(gone_time, MonotonicNow());
    if (MonotonicNow() < gone_time + options_.leave_timeout) continue;
    for (const auto& [id, runner] : runners_) runner->GiveUp();
  } while (!runners_.empty());
  if (!is_registered_) return absl::OkStatus();
  interrupt_.Clear();
  const absl::Status left = server_->Sync({.is_leaving = true}, interrupt_).status();
  Log()->info("worker stopped worker={} farewell=\"{}\"", options_.worker_id, left.ToString());
  return absl::OkStatus();
}

}  // namespace pegbox::worker
