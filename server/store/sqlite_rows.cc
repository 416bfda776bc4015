#include "server/store/sqlite_rows.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/resource_name.h"
#include "common/status_macros.h"
#include "server/store/enum_names.h"
#include "server/store/json_codec.h"

namespace pegbox {
namespace {

// `status`, saying whose row it is.
absl::Status Of(const std::string& name, const absl::Status& status) {
  return absl::Status(status.code(), absl::StrCat(name, ": ", status.message()));
}

template <typename Enum>
absl::StatusOr<Enum> EnumFromText(const std::string& text) {
  if (std::optional<Enum> value = FromStoredName<Enum>(text)) return *value;
  return absl::DataLossError(absl::StrCat("stored state is damaged: unknown name \"", text, "\""));
}

absl::Status ReadJob(const Query& query, TuningJob& job) {
  job.request_id = query.Text(1);
  PEGBOX_ASSIGN_OR_RETURN(job.state, EnumFromText<JobState>(query.Text(2)));
  if (!query.IsNull(3)) {
    PEGBOX_ASSIGN_OR_RETURN(job.end_reason, EnumFromText<EndReason>(query.Text(3)));
  }
  job.end_detail = query.Text(4);
  PEGBOX_ASSIGN_OR_RETURN(job.spec, DecodeSpec(query.Text(5)));
  job.create_time = query.Time(6);
  job.end_time = query.OptionalTime(7);
  job.revision = query.Int(8);
  return absl::OkStatus();
}

absl::Status ReadTrial(const Query& query, Trial& trial) {
  PEGBOX_ASSIGN_OR_RETURN(trial.parameters, DecodeAssignment(query.Text(2)));
  PEGBOX_ASSIGN_OR_RETURN(trial.provenance, DecodeProvenance(query.Text(3)));
  PEGBOX_ASSIGN_OR_RETURN(trial.state, EnumFromText<TrialState>(query.Text(4)));
  trial.value = query.OptionalDouble(5);
  trial.best_step = query.OptionalInt(6);
  trial.last_step = query.OptionalInt(7);
  if (!query.IsNull(8)) {
    PEGBOX_ASSIGN_OR_RETURN(trial.stop, DecodeStopDecision(query.Text(8)));
  }
  if (!query.IsNull(9)) {
    PEGBOX_ASSIGN_OR_RETURN(trial.failure, DecodeFailure(query.Text(9)));
  }
  trial.checkpoint_path = query.Text(10);
  trial.checkpoint_step = query.OptionalInt(11);
  trial.create_time = query.Time(12);
  trial.start_time = query.OptionalTime(13);
  trial.end_time = query.OptionalTime(14);
  trial.revision = query.Int(15);
  if (!query.IsNull(16)) {
    PEGBOX_ASSIGN_OR_RETURN(trial.attempt, AttemptFromRow(query, 16));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TuningJob> JobFromRow(const Query& query) {
  TuningJob job;
  job.id = query.Text(0);
  if (absl::Status status = ReadJob(query, job); !status.ok()) return Of(TuningJobName(job.id), status);
  return job;
}

absl::StatusOr<Trial> TrialFromRow(const Query& query) {
  Trial trial;
  trial.id = {query.Text(0), query.Int(1)};
  if (absl::Status status = ReadTrial(query, trial); !status.ok()) return Of(TrialName(trial.id), status);
  return trial;
}

absl::StatusOr<Attempt> AttemptFromRow(const Query& query, int first_column) {
  Attempt attempt;
  attempt.number = query.Int(first_column);
  attempt.worker_id = query.Text(first_column + 1);
  attempt.incarnation = query.Text(first_column + 2);
  attempt.start_time = query.Time(first_column + 3);
  attempt.end_time = query.OptionalTime(first_column + 4);
  if (!query.IsNull(first_column + 5)) {
    PEGBOX_ASSIGN_OR_RETURN(attempt.failure, DecodeFailure(query.Text(first_column + 5)));
  }
  if (!query.IsNull(first_column + 6)) {
    attempt.client = ClientLease{.client_id = query.Text(first_column + 6),
                                 .request_id = query.Text(first_column + 7),
                                 .duration = absl::Microseconds(query.Int(first_column + 8))};
  }
  return attempt;
}

TrialMeasurement MeasurementFromRow(const Query& query) {
  return {query.Int(0), query.Int(1), {query.Text(2), query.Int(3), query.Double(4), query.Time(5)}, query.Int(6)};
}

absl::StatusOr<Worker> WorkerFromRow(const Query& query) {
  Worker worker;
  worker.id = query.Text(0);
  worker.incarnation = query.Text(1);
  worker.host_name = query.Text(2);
  absl::StatusOr<std::vector<std::string>> devices = DecodeTexts(query.Text(3));
  if (!devices.ok()) return Of(WorkerName(worker.id), devices.status());
  worker.device_names = *std::move(devices);
  worker.version = query.Text(4);
  worker.register_time = query.Time(5);
  worker.has_left = query.Bool(6);
  return worker;
}

}  // namespace pegbox
