// How jobs, trials, attempts, measurements and workers lie in rows: their columns in the order in which the readers
// below take them. Throws SQLite::Exception; a row that cannot be understood is DATA_LOSS.
#pragma once

#include "absl/status/statusor.h"
#include "server/domain/measurement.h"
#include "server/domain/trial.h"
#include "server/domain/tuning_job.h"
#include "server/domain/worker.h"
#include "server/store/sqlite_connection.h"

namespace pegbox {

inline constexpr char kSelectJobs[] =
    "SELECT id, request_id, state, end_reason, end_detail, spec, create_time, end_time, revision FROM jobs ";
absl::StatusOr<TuningJob> JobFromRow(const Query& query);

inline constexpr char kSelectTrials[] =
    "SELECT j.id, t.number, t.parameters, t.provenance, t.state, t.value, t.best_step, t.last_step, t.stop, t.failure, "
    "t.checkpoint_path, t.checkpoint_step, t.create_time, t.start_time, t.end_time, t.revision, "
    "a.number, a.worker_id, a.incarnation, a.start_time, a.end_time, a.failure, a.client_id, a.request_id, "
    "a.lease_duration "
    "FROM trials t JOIN jobs j ON j.key = t.job_key "
    "LEFT JOIN attempts a ON a.trial_key = t.key AND a.number = t.attempt ";
absl::StatusOr<Trial> TrialFromRow(const Query& query);

inline constexpr char kSelectAttempts[] =
    "SELECT a.number, a.worker_id, a.incarnation, a.start_time, a.end_time, a.failure, a.client_id, a.request_id, "
    "a.lease_duration FROM attempts a ";
// Its columns begin at `first_column`.
absl::StatusOr<Attempt> AttemptFromRow(const Query& query, int first_column);

inline constexpr char kMeasurementColumns[] =
    "t.number, x.attempt, m.name, x.step, x.value, x.report_time, x.revision ";
TrialMeasurement MeasurementFromRow(const Query& query);

inline constexpr char kSelectWorkers[] =
    "SELECT id, incarnation, host_name, device_names, version, register_time, has_left FROM workers ";
absl::StatusOr<Worker> WorkerFromRow(const Query& query);

}  // namespace pegbox
