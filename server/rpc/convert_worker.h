// What workers say and hear, between the wire and the engine.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pegbox/v1/tuning_service.pb.h"
#include "pegbox/v1/worker_service.pb.h"
#include "server/engine/trial_reports.h"
#include "server/engine/tuning_jobs.h"
#include "server/engine/worker_sessions.h"

namespace pegbox {

struct RegisterRequest {
  Worker worker;
  std::vector<std::string> ended_incarnations;
};

// INVALID_ARGUMENT, opening with the field's path: a rule of worker_service.proto is broken.
absl::StatusOr<RegisterRequest> FromProto(const v1::RegisterWorkerRequest& request);
absl::StatusOr<SyncRequest> FromProto(const v1::SyncWorkerRequest& request);
// `now` stands in for absent report times.
absl::StatusOr<TrialReport> FromProto(const v1::ReportTrialRequest& request, absl::Time now);
absl::StatusOr<AttemptEnd> FromProto(const v1::FinishTrialRequest& request);

// Leaves out grants that do not fit into one message: the worker does not hold them, so its next call repeats them.
v1::SyncWorkerResponse ToProto(const SyncResult& result);
v1::ReportTrialResponse ToProto(const ReportResult& result);
v1::Worker ToProto(const WorkerView& view);

}  // namespace pegbox
