#include "server/store/sqlite_transaction.h"

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/store/enum_names.h"
#include "server/store/json_codec.h"

namespace pegbox {
namespace {

constexpr char kPutJob[] = R"sql(
INSERT INTO jobs (id, request_id, state, end_reason, end_detail, max_parallel_jobs, is_for_workers, spec, create_time,
                  end_time, revision)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET request_id = excluded.request_id, state = excluded.state,
  end_reason = excluded.end_reason, end_detail = excluded.end_detail, max_parallel_jobs = excluded.max_parallel_jobs,
  is_for_workers = excluded.is_for_workers, spec = excluded.spec, create_time = excluded.create_time, end_time = excluded.end_time,
  revision = excluded.revision)sql";

constexpr char kPutTrial[] = R"sql(
INSERT INTO trials (job_key, number, parameters, provenance, state, attempt, live_worker, value, best_step, last_step,
                    stop, failure, checkpoint_path, checkpoint_step, create_time, start_time, end_time, revision)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (job_key, number) DO UPDATE SET parameters = excluded.parameters, provenance = excluded.provenance,
  state = excluded.state, attempt = excluded.attempt, live_worker = excluded.live_worker, value = excluded.value,
  best_step = excluded.best_step, last_step = excluded.last_step, stop = excluded.stop, failure = excluded.failure,
  checkpoint_path = excluded.checkpoint_path, checkpoint_step = excluded.checkpoint_step,
  create_time = excluded.create_time, start_time = excluded.start_time, end_time = excluded.end_time,
  revision = excluded.revision
RETURNING key)sql";

constexpr char kPutAttempt[] = R"sql(
INSERT INTO attempts (trial_key, number, worker_id, incarnation, start_time, end_time, failure, client_id, request_id,
                      lease_duration)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (trial_key, number) DO UPDATE SET worker_id = excluded.worker_id, incarnation = excluded.incarnation,
  start_time = excluded.start_time, end_time = excluded.end_time, failure = excluded.failure,
  client_id = excluded.client_id, request_id = excluded.request_id, lease_duration = excluded.lease_duration)sql";

constexpr char kInsertMeasurement[] = R"sql(
INSERT INTO measurements (trial_key, metric_key, step, attempt, value, report_time, job_key, revision)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (trial_key, metric_key, step, attempt) DO NOTHING)sql";

constexpr char kPutWorker[] = R"sql(
INSERT INTO workers (id, incarnation, host_name, device_names, version, register_time, has_left)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET incarnation = excluded.incarnation, host_name = excluded.host_name,
  device_names = excluded.device_names, version = excluded.version, register_time = excluded.register_time,
  has_left = excluded.has_left)sql";

template <typename T, typename Encode>
std::optional<std::string> Encoded(const std::optional<T>& value, Encode encode) {
  if (!value) return std::nullopt;
  return std::string(encode(*value));
}

std::optional<std::string> LiveWorker(const Trial& trial) {
  if (trial.state != TrialState::kRunning && trial.state != TrialState::kStopping) return std::nullopt;
  return trial.attempt ? trial.attempt->worker_id : std::string();
}

}  // namespace

absl::Status SqliteTransaction::PutTuningJob(const TuningJob& job) {
  return Guard([&] {
    WriteTuningJob(job);
    return absl::OkStatus();
  });
}

absl::Status SqliteTransaction::PutTrial(const Trial& trial) {
  return Guard([&] { return WriteTrial(trial); });
}

absl::StatusOr<std::vector<size_t>> SqliteTransaction::InsertMeasurements(const TrialId& id, int64_t attempt,
                                                                          const std::vector<Measurement>& rows) {
  return Guard([&] { return WriteMeasurements(id, attempt, rows); });
}

absl::Status SqliteTransaction::PutWorker(const Worker& worker) {
  return Guard([&] {
    Query query(connection_, kPutWorker);
    query.Bind(worker.id).Bind(worker.incarnation).Bind(worker.host_name).Bind(EncodeTexts(worker.device_names));
    query.Bind(worker.version).Bind(worker.register_time).Bind(worker.has_left);
    query.Run();
    ++rows_written_;
    return absl::OkStatus();
  });
}

void SqliteTransaction::WriteTuningJob(const TuningJob& job) {
  Query query(connection_, kPutJob);
  query.Bind(job.id).Bind(job.request_id).Bind(StoredName(job.state));
  query.Bind(Encoded(job.end_reason, StoredName<EndReason>)).Bind(job.end_detail);
  query.Bind(job.spec.max_parallel_jobs).Bind(job.spec.trial.has_value()).Bind(EncodeSpec(job.spec));
  query.Bind(job.create_time).Bind(job.end_time).Bind(NewRevision());
  query.Run();
  ++rows_written_;
}

absl::Status SqliteTransaction::WriteTrial(const Trial& trial) {
  const std::optional<int64_t> job_key = queries_.FindJobKey(trial.id.job_id);
  if (!job_key) {
    return absl::FailedPreconditionError(
        absl::StrCat(TrialName(trial.id), ": cannot be stored, its tuning job does not exist"));
  }
  Query query(connection_, kPutTrial);
  query.Bind(*job_key).Bind(trial.id.number);
  query.Bind(EncodeAssignment(trial.parameters)).Bind(EncodeProvenance(trial.provenance));
  query.Bind(StoredName(trial.state));
  query.Bind(trial.attempt ? std::make_optional(trial.attempt->number) : std::nullopt).Bind(LiveWorker(trial));
  query.Bind(trial.value).Bind(trial.best_step).Bind(trial.last_step);
  query.Bind(Encoded(trial.stop, EncodeStopDecision)).Bind(Encoded(trial.failure, EncodeFailure));
  query.Bind(trial.checkpoint_path).Bind(trial.checkpoint_step);
  query.Bind(trial.create_time).Bind(trial.start_time).Bind(trial.end_time).Bind(NewRevision());
  query.Step();
  const int64_t trial_key = query.Int(0);
  query.Run();
  ++rows_written_;
  if (trial.attempt) WriteAttempt(trial_key, *trial.attempt);
  return absl::OkStatus();
}

void SqliteTransaction::WriteAttempt(int64_t trial_key, const Attempt& attempt) {
  Query query(connection_, kPutAttempt);
  query.Bind(trial_key).Bind(attempt.number).Bind(attempt.worker_id).Bind(attempt.incarnation);
  query.Bind(attempt.start_time).Bind(attempt.end_time).Bind(Encoded(attempt.failure, EncodeFailure));
  if (attempt.client) {
    query.Bind(attempt.client->client_id).Bind(attempt.client->request_id);
    query.Bind(absl::ToInt64Microseconds(attempt.client->duration));
  } else {
    query.BindNull().BindNull().BindNull();
  }
  query.Run();
  ++rows_written_;
}

absl::StatusOr<std::vector<size_t>> SqliteTransaction::WriteMeasurements(const TrialId& id, int64_t attempt,
                                                                         const std::vector<Measurement>& rows) {
  const std::optional<SqliteQueries::TrialKey> key = queries_.FindTrialKey(id);
  if (!key) {
    return absl::FailedPreconditionError(
        absl::StrCat(TrialName(id), ": its measurements cannot be stored, the trial does not exist"));
  }
  absl::flat_hash_map<std::string, int64_t> metric_keys;
  std::vector<size_t> inserted;
  for (size_t i = 0; i < rows.size(); ++i) {
    const Measurement& row = rows[i];
    auto metric = metric_keys.find(row.metric);
    if (metric == metric_keys.end()) {
      metric = metric_keys.emplace(row.metric, InternMetric(key->job, row.metric)).first;
    }
    Query query(connection_, kInsertMeasurement);
    query.Bind(key->trial).Bind(metric->second).Bind(row.step).Bind(attempt);
    query.Bind(row.value).Bind(row.report_time).Bind(key->job).Bind(NewRevision());
    if (query.Run() > 0) inserted.push_back(i);
  }
  rows_written_ += static_cast<int64_t>(inserted.size());
  return inserted;
}

int64_t SqliteTransaction::InternMetric(int64_t job_key, const std::string& name) {
  {
    Query query(connection_, "SELECT key FROM metrics WHERE job_key = ? AND name = ?");
    if (query.Bind(job_key).Bind(name).Step()) return query.Int(0);
  }
  Query(connection_, "INSERT INTO metrics (job_key, name) VALUES (?, ?)").Bind(job_key).Bind(name).Run();
  return connection_.database().getLastInsertRowid();
}

}  // namespace pegbox
