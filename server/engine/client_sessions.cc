#include "server/engine/client_sessions.h"

#include <utility>
#include <variant>

#include "absl/time/clock.h"
#include "common/status_macros.h"

namespace pegbox {
namespace {

constexpr size_t kMaxReplyBytes = size_t{1} << 20;
constexpr size_t kBytesOfAValue = 32;

// What an earlier call with this request_id got.
absl::StatusOr<std::vector<Trial>> Repeated(Reader& reader, const SuggestRequest& request) {
  if (request.request_id.empty()) return std::vector<Trial>();
  return reader.ListTrialsOfRequest(request.job_id, request.client_id, request.request_id);
}

// A trial that was handed out but had no room in the reply would be held by nobody.
void KeepWhatAReplyHolds(std::vector<Trial>& trials) {
  size_t bytes = 0;
  for (size_t i = 0; i < trials.size(); ++i) {
    for (const auto& [name, value] : trials[i].parameters) {
      const auto* const text = std::get_if<std::string>(&value);
      bytes += kBytesOfAValue + name.size() + (text == nullptr ? 0 : text->size());
    }
    if (i > 0 && bytes > kMaxReplyBytes) return trials.resize(i);
  }
}

}  // namespace

absl::StatusOr<SuggestResult> ClientSessions::Suggest(const SuggestRequest& request,
                                                      const std::function<bool()>& is_cancelled) {
  ChangeSignal::Listener listener(core_.signal, {kDispatchTopic});
  const absl::Time deadline = absl::Now() + request.max_wait;
  while (true) {
    PEGBOX_ASSIGN_OR_RETURN(SuggestResult result, SuggestNow(request));
    const bool may_come = result.job_state == JobState::kRunning || result.job_state == JobState::kPaused;
    if (!result.trials.empty() || !may_come) return result;
    if (!listener.WaitUntil(deadline, is_cancelled)) return result;
  }
}

absl::StatusOr<SuggestResult> ClientSessions::SuggestNow(const SuggestRequest& request) {
  SuggestResult result;
  bool has_dispatchable = false;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const TuningJob job, reader.GetTuningJob(request.job_id));
    result.job_state = job.state;
    PEGBOX_ASSIGN_OR_RETURN(result.trials, Repeated(reader, request));
    if (!result.trials.empty()) return absl::OkStatus();
    PEGBOX_ASSIGN_OR_RETURN(const std::vector<Trial> dispatchable, reader.ListDispatchableTrialsOf(job.id, 1));
    has_dispatchable = !dispatchable.empty();
    return absl::OkStatus();
  }));
  if (has_dispatchable) PEGBOX_RETURN_IF_ERROR(Grant(request, result));
  return result;
}

absl::Status ClientSessions::Grant(const SuggestRequest& request, SuggestResult& result) {
  const absl::Time now = core_.clock.Now();
  const ClientLease lease = {.client_id = request.client_id,
                             .request_id = request.request_id,
                             .duration = request.lease_duration.value_or(core_.leases.lease_duration())};
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(result.trials, Repeated(tx, request));
    if (!result.trials.empty()) return absl::OkStatus();
    PEGBOX_ASSIGN_OR_RETURN(result.trials, tx.ListDispatchableTrialsOf(request.job_id, request.count));
    KeepWhatAReplyHolds(result.trials);
    for (Trial& trial : result.trials) {
      PEGBOX_RETURN_IF_ERROR(Lease(trial, lease, now));
      PEGBOX_RETURN_IF_ERROR(tx.PutTrial(trial));
    }
    return absl::OkStatus();
  }));
  AfterGrant(core_, result.trials, now);
  return absl::OkStatus();
}

}  // namespace pegbox
