#include "server/rpc/convert_ask_tell.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/resource_name.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"
#include "server/rpc/convert_job.h"
#include "server/rpc/convert_time.h"
#include "server/rpc/convert_trial.h"

namespace pegbox {
namespace {

using pegbox::FromProto;
using pegbox::ToProto;

constexpr int kMaxCount = 100;
constexpr size_t kMaxRequestIdBytes = 128;
constexpr absl::Duration kMinLease = absl::Seconds(1);
constexpr absl::Duration kMaxLease = absl::Hours(24 * 30);
constexpr absl::Duration kMaxWait = absl::Seconds(30);

absl::StatusOr<absl::Duration> DurationWithin(const google::protobuf::Duration& proto, absl::Duration min,
                                              absl::Duration max, absl::string_view limits, absl::string_view field) {
  PEGBOX_ASSIGN_OR_RETURN(const absl::Duration duration, FromProto(proto, field));
  if (duration >= min && duration <= max) return duration;
  return InvalidArgument(field, absl::StrCat("must be ", limits), absl::FormatDuration(duration),
                         "choose a time between");
}

absl::StatusOr<AttemptId> AttemptIdFrom(const std::string& name, int64_t attempt) {
  AttemptId id = {.attempt = attempt};
  PEGBOX_ASSIGN_OR_RETURN(id.trial, ParseTrialName("name", name));
  if (attempt >= 1) return id;
  return InvalidArgument("attempt", "must be 1 or more", absl::StrCat(attempt),
                         "repeat the attempt of the trial that SuggestTrials handed out");
}

}  // namespace

absl::StatusOr<SuggestRequest> FromProto(const v1::SuggestTrialsRequest& request) {
  SuggestRequest suggest = {.client_id = request.client(), .request_id = request.request_id(), .max_wait = kMaxWait};
  PEGBOX_ASSIGN_OR_RETURN(suggest.job_id, ParseTuningJobName("parent", request.parent()));
  if (request.count() < 0 || request.count() > kMaxCount) {
    return InvalidArgument("count", "must be 0 to 100", absl::StrCat(request.count()), "ask again for more");
  }
  if (request.count() > 0) suggest.count = request.count();
  PEGBOX_RETURN_IF_ERROR(ValidateResourceId("client", request.client()));
  if (request.request_id().size() > kMaxRequestIdBytes) {
    return InvalidArgument("request_id", "must be at most 128 bytes",
                           absl::StrCat(request.request_id().size(), " bytes"), "shorten it");
  }
  if (request.has_lease_duration()) {
    PEGBOX_ASSIGN_OR_RETURN(suggest.lease_duration, DurationWithin(request.lease_duration(), kMinLease, kMaxLease,
                                                                   "1 s to 30 days", "lease_duration"));
  }
  if (request.has_max_wait()) {
    PEGBOX_ASSIGN_OR_RETURN(suggest.max_wait, DurationWithin(request.max_wait(), absl::ZeroDuration(), kMaxWait,
                                                             "0 s to 30 s", "max_wait"));
  }
  return suggest;
}

absl::StatusOr<TrialReport> FromProto(const v1::ReportMeasurementsRequest& request, absl::Time now) {
  TrialReport report;
  PEGBOX_ASSIGN_OR_RETURN(report.id, AttemptIdFrom(request.name(), request.attempt()));
  PEGBOX_ASSIGN_OR_RETURN(report.measurements, FromProto(request.measurements(), now, "measurements"));
  return report;
}

absl::StatusOr<AttemptEnd> FromProto(const v1::CompleteTrialRequest& request, absl::Time now) {
  AttemptEnd end;
  PEGBOX_ASSIGN_OR_RETURN(end.id, AttemptIdFrom(request.name(), request.attempt()));
  PEGBOX_ASSIGN_OR_RETURN(end.measurements, FromProto(request.measurements(), now, "measurements"));
  if (request.has_failure()) {
    PEGBOX_ASSIGN_OR_RETURN(end.failure, FromProto(request.failure(), "failure"));
  }
  return end;
}

v1::SuggestTrialsResponse ToProto(const SuggestResult& result) {
  v1::SuggestTrialsResponse proto;
  for (const Trial& trial : result.trials) *proto.add_trials() = ToProto(trial);
  proto.set_job_state(ToProto(result.job_state));
  return proto;
}

v1::ReportMeasurementsResponse DirectiveFrom(const ReportResult& result) {
  v1::ReportMeasurementsResponse proto;
  proto.set_directive(result.stop.has_value() ? v1::ReportMeasurementsResponse::STOP
                                              : v1::ReportMeasurementsResponse::CONTINUE);
  if (result.stop.has_value()) *proto.mutable_stop() = ToProto(*result.stop);
  proto.set_new_measurements(result.new_measurements);
  return proto;
}

}  // namespace pegbox
