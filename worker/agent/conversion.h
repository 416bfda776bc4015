// Between the agent's values and the wire.
#pragma once

#include <google/protobuf/duration.pb.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "pegbox/v1/worker_service.pb.h"
#include "worker/agent/assignment.h"
#include "worker/agent/report_message.h"

namespace pegbox::worker {

absl::Duration FromProto(const google::protobuf::Duration& proto);
void ToProto(absl::Duration duration, google::protobuf::Duration& proto);

// INVALID_ARGUMENT: not the name of a trial, or no attempt number.
absl::StatusOr<AttemptId> FromProto(const v1::AttemptId& proto);
void ToProto(const AttemptId& id, v1::AttemptId& proto);

// INVALID_ARGUMENT: the id is unreadable, so that nothing can be said about the attempt. Anything else that is
// unreadable goes into Assignment.problem.
absl::StatusOr<Assignment> FromProto(const v1::TrialAssignment& proto);

// All but worker and incarnation.
void ToProto(const ReportMessage& message, v1::ReportTrialRequest& proto);

void ToProto(const Failure& failure, v1::Failure& proto);

}  // namespace pegbox::worker
