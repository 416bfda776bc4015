#include "server/rpc/log_stream.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/resource_name.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"
#include "server/rpc/change_wait.h"

namespace pegbox {
namespace {

constexpr int64_t kPieceBytes = int64_t{64} << 10;

absl::Status Validate(const v1::ReadTrialLogRequest& request) {
  if (request.attempt() < 0) {
    return InvalidArgument("attempt", "must be 0 or more", absl::StrCat(request.attempt()), "use 0 for the last one");
  }
  if (request.offset() < 0) {
    return InvalidArgument("offset", "must be 0 or more", absl::StrCat(request.offset()),
                           "use 0 to begin at the start");
  }
  return absl::OkStatus();
}

bool HasEnded(const Trial& trial, int64_t attempt) {
  return trial.attempt->number != attempt || trial.attempt->end_time.has_value();
}

}  // namespace

absl::Status LogStream::Run(const v1::ReadTrialLogRequest& request) {
  PEGBOX_ASSIGN_OR_RETURN(const TrialId id, ParseTrialName("name", request.name()));
  PEGBOX_RETURN_IF_ERROR(Validate(request));
  ChangeSignal::Listener listener(tuning_jobs_.signal(), {JobTopic(id.job_id)});
  int64_t attempt = 0;
  int64_t offset = request.offset();
  while (true) {
    PEGBOX_ASSIGN_OR_RETURN(const Trial trial, tuning_jobs_.GetTrial(id));
    if (attempt == 0) {
      PEGBOX_ASSIGN_OR_RETURN(attempt, Choose(trial, request));
    }
    if (attempt > 0) {
      PEGBOX_RETURN_IF_ERROR(WriteFrom(id, attempt, offset));
      if (!request.follow() || HasEnded(trial, attempt)) return absl::OkStatus();
    }
    PEGBOX_RETURN_IF_ERROR(WaitForChange(listener, tuning_jobs_.signal(), is_cancelled_));
  }
}

absl::StatusOr<int64_t> LogStream::Choose(const Trial& trial, const v1::ReadTrialLogRequest& request) {
  const int64_t last = trial.attempt.has_value() ? trial.attempt->number : 0;
  if (last == 0 && request.attempt() <= 1 && request.follow() && !IsTerminal(trial.state)) return 0;
  if (last == 0) return absl::NotFoundError(absl::StrCat(TrialName(trial.id), " has no attempt yet"));
  if (request.attempt() == 0) return last;
  if (request.attempt() <= last) return request.attempt();
  return absl::NotFoundError(
      absl::StrCat(TrialName(trial.id), " has no attempt ", request.attempt(), "; its last is ", last));
}

absl::Status LogStream::WriteFrom(const TrialId& id, int64_t attempt, int64_t& offset) {
  while (true) {
    PEGBOX_ASSIGN_OR_RETURN(std::string data, tuning_jobs_.ReadLog(id, attempt, offset, kPieceBytes));
    if (data.empty()) return absl::OkStatus();
    v1::ReadTrialLogResponse response;
    response.set_offset(offset);
    offset += std::ssize(data);
    response.set_data(std::move(data));
    if (!write_(response)) return ClientHasGone();
  }
}

}  // namespace pegbox
