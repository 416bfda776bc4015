#include "server/store/sqlite_queries.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/store/enum_names.h"
#include "server/store/json_codec.h"
#include "server/store/sqlite_rows.h"

namespace pegbox {
namespace {

// SQL text is put together from constants only; every value is bound.
constexpr char kOfJob[] = "WHERE t.job_key = (SELECT key FROM jobs WHERE id = ?) ";
// Running jobs, each with how many more of its trials may run.
constexpr char kSelectRoom[] =
    "SELECT j.key, j.max_parallel_jobs - (SELECT COUNT(*) FROM trials t "
    "  WHERE t.job_key = j.key AND t.state IN ('running', 'stopping')) "
    "FROM jobs j WHERE j.state = 'running' ";
// Values that compare: neither absent nor NaN nor infinite.
constexpr char kFiniteValue[] = "t.value BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308 ";

// A negative LIMIT or OFFSET would mean none to SQLite.
int64_t NotNegative(int64_t count) { return std::max<int64_t>(count, 0); }

// All rows of the query, by `from_row`.
template <typename T>
absl::StatusOr<std::vector<T>> Collect(Query& query, absl::StatusOr<T> (*from_row)(const Query&)) {
  std::vector<T> rows;
  while (query.Step()) {
    PEGBOX_ASSIGN_OR_RETURN(T row, from_row(query));
    rows.push_back(std::move(row));
  }
  return rows;
}

template <typename T>
absl::StatusOr<std::optional<T>> First(Query& query, absl::StatusOr<T> (*from_row)(const Query&)) {
  if (!query.Step()) return std::optional<T>();
  PEGBOX_ASSIGN_OR_RETURN(T row, from_row(query));
  return std::make_optional(std::move(row));
}

std::string EncodeStates(const std::vector<TrialState>& states) {
  std::vector<std::string> names;
  for (TrialState state : states) names.push_back(StoredName(state));
  return EncodeTexts(names);
}

}  // namespace

absl::StatusOr<TuningJob> SqliteQueries::GetTuningJob(absl::string_view job_id) {
  Query query(connection_, absl::StrCat(kSelectJobs, "WHERE id = ?"));
  query.Bind(job_id);
  if (!query.Step()) return absl::NotFoundError(absl::StrCat(TuningJobName(job_id), ": no such tuning job"));
  return JobFromRow(query);
}

absl::StatusOr<std::optional<TuningJob>> SqliteQueries::FindTuningJobByRequestId(absl::string_view request_id) {
  Query query(connection_, absl::StrCat(kSelectJobs, "WHERE request_id = ? AND request_id <> ''"));
  query.Bind(request_id);
  return First(query, JobFromRow);
}

absl::StatusOr<std::vector<TuningJob>> SqliteQueries::ListTuningJobs(const TuningJobQuery& query) {
  std::string sql = absl::StrCat(kSelectJobs, "WHERE TRUE ");
  if (query.live_only) absl::StrAppend(&sql, "AND state IN ('running', 'paused', 'stopping') ");
  if (!query.after_id.empty()) {
    if (!FindJobKey(query.after_id)) {
      return absl::NotFoundError(absl::StrCat(TuningJobName(query.after_id), ": no such tuning job to list after"));
    }
    absl::StrAppend(&sql, "AND (create_time, id) < (SELECT create_time, id FROM jobs WHERE id = ?) ");
  }
  Query rows(connection_, absl::StrCat(sql, "ORDER BY create_time DESC, id DESC LIMIT ?"));
  if (!query.after_id.empty()) rows.Bind(query.after_id);
  rows.Bind(NotNegative(query.limit));
  return Collect(rows, JobFromRow);
}

absl::StatusOr<Trial> SqliteQueries::GetTrial(const TrialId& id) {
  Query query(connection_, absl::StrCat(kSelectTrials, kOfJob, "AND t.number = ?"));
  query.Bind(id.job_id).Bind(id.number);
  if (!query.Step()) return absl::NotFoundError(absl::StrCat(TrialName(id), ": no such trial"));
  return TrialFromRow(query);
}

absl::StatusOr<std::vector<Trial>> SqliteQueries::ListTrials(absl::string_view job_id, const TrialQuery& query) {
  std::string where(kOfJob);
  if (!query.states.empty()) absl::StrAppend(&where, "AND t.state IN (SELECT value FROM json_each(?)) ");
  if (query.since_revision > 0) absl::StrAppend(&where, "AND t.revision > ? ");
  // The plus keeps SQLite from walking all of a job's trials by number where the states' index finds few of them.
  std::string order = query.states.empty() ? "ORDER BY t.number " : "ORDER BY +t.number ";
  if (query.order == TrialQuery::Order::kBestFirst) {
    order = absl::StrCat("ORDER BY (", kFiniteValue, ") IS TRUE DESC, CASE WHEN ", kFiniteValue, " THEN t.value END ",
                         query.goal == Goal::kMaximize ? "DESC" : "ASC", ", t.number ");
  }
  std::string sql = absl::StrCat(where, order, "LIMIT ? OFFSET ?");
  if (query.order == TrialQuery::Order::kBestFirst) {
    // Sorts keys first, for most trials' texts are not on the page.
    sql = absl::StrCat("WHERE t.key IN (SELECT t.key FROM trials t ", sql, ") ", order);
  }
  Query rows(connection_, absl::StrCat(kSelectTrials, sql));
  rows.Bind(job_id);
  if (!query.states.empty()) rows.Bind(EncodeStates(query.states));
  if (query.since_revision > 0) rows.Bind(query.since_revision);
  rows.Bind(NotNegative(query.limit)).Bind(NotNegative(query.offset));
  return Collect(rows, TrialFromRow);
}

absl::StatusOr<TrialCounts> SqliteQueries::CountTrials(absl::string_view job_id) {
  Query query(connection_, absl::StrCat("SELECT t.state, COUNT(*) FROM trials t ", kOfJob, "GROUP BY t.state"));
  query.Bind(job_id);
  TrialCounts counts;
  while (query.Step()) {
    const std::optional<TrialState> state = FromStoredName<TrialState>(query.Text(0));
    if (!state) return absl::DataLossError(absl::StrCat(TuningJobName(job_id), ": a trial's stored state is damaged"));
    counts[*state] = query.Int(1);
  }
  return counts;
}

absl::StatusOr<std::optional<Trial>> SqliteQueries::FindBestTrial(absl::string_view job_id, Goal goal) {
  Query query(connection_,
              absl::StrCat(kSelectTrials, kOfJob, "AND ", kFiniteValue, "AND t.state <> 'failed' ORDER BY t.value ",
                           goal == Goal::kMaximize ? "DESC" : "ASC", ", t.number LIMIT 1"));
  query.Bind(job_id);
  return First(query, TrialFromRow);
}

absl::StatusOr<std::vector<Trial>> SqliteQueries::ListLiveTrials(absl::string_view worker_id) {
  const bool is_any = worker_id.empty();
  Query query(connection_, absl::StrCat(kSelectTrials, "WHERE t.live_worker ", is_any ? "IS NOT NULL " : "= ? ",
                                        "ORDER BY +t.job_key, t.number"));
  if (!is_any) query.Bind(worker_id);
  return Collect(query, TrialFromRow);
}

absl::StatusOr<std::vector<Trial>> SqliteQueries::ListDispatchableTrials(int64_t limit) {
  Query jobs(connection_, absl::StrCat(kSelectRoom, "AND j.is_for_workers ORDER BY j.create_time, j.id"));
  return ListDispatchable(jobs, limit);
}

absl::StatusOr<std::vector<Trial>> SqliteQueries::ListDispatchableTrialsOf(absl::string_view job_id, int64_t limit) {
  Query jobs(connection_, absl::StrCat(kSelectRoom, "AND j.id = ?"));
  jobs.Bind(job_id);
  return ListDispatchable(jobs, limit);
}

absl::StatusOr<std::vector<Trial>> SqliteQueries::ListTrialsOfRequest(absl::string_view job_id,
                                                                      absl::string_view client_id,
                                                                      absl::string_view request_id) {
  Query query(connection_,
              absl::StrCat(kSelectTrials, kOfJob,
                           "AND t.key IN (SELECT trial_key FROM attempts WHERE request_id = ?2 AND request_id <> '') "
                           "AND t.state IN ('running', 'stopping') AND a.request_id = ?2 AND a.client_id = ?3 "
                           "ORDER BY +t.number"));
  query.Bind(job_id).Bind(request_id).Bind(client_id);
  return Collect(query, TrialFromRow);
}

absl::StatusOr<std::vector<Trial>> SqliteQueries::ListDispatchable(Query& jobs, int64_t limit) {
  std::vector<Trial> trials;
  while (static_cast<int64_t>(trials.size()) < limit && jobs.Step()) {
    const int64_t room = std::min(jobs.Int(1), limit - static_cast<int64_t>(trials.size()));
    if (room <= 0) continue;
    Query queued(connection_,
                 absl::StrCat(kSelectTrials, "WHERE t.job_key = ? AND t.state = 'queued' ORDER BY t.number LIMIT ?"));
    queued.Bind(jobs.Int(0)).Bind(room);
    while (queued.Step()) {
      PEGBOX_ASSIGN_OR_RETURN(Trial trial, TrialFromRow(queued));
      trials.push_back(std::move(trial));
    }
  }
  return trials;
}

absl::StatusOr<std::vector<Attempt>> SqliteQueries::ListAttempts(const TrialId& id) {
  Query query(connection_, absl::StrCat(kSelectAttempts, "JOIN trials t ON t.key = a.trial_key ", kOfJob,
                                        "AND t.number = ? ORDER BY a.number"));
  query.Bind(id.job_id).Bind(id.number);
  std::vector<Attempt> attempts;
  while (query.Step()) {
    PEGBOX_ASSIGN_OR_RETURN(Attempt attempt, AttemptFromRow(query, 0));
    attempts.push_back(std::move(attempt));
  }
  return attempts;
}

absl::StatusOr<std::vector<TrialMeasurement>> SqliteQueries::ListMeasurements(absl::string_view job_id,
                                                                              const MeasurementQuery& query) {
  std::vector<TrialMeasurement> measurements;
  const std::optional<int64_t> job_key = FindJobKey(job_id);
  if (!job_key) return measurements;
  // CROSS JOIN keeps the order of the loops: so the rows come out in theirs, or by the index of revisions.
  const bool by_revision = query.order == MeasurementQuery::Order::kRevision;
  std::string sql = absl::StrCat("SELECT ", kMeasurementColumns, "FROM ");
  absl::StrAppend(&sql, by_revision ? "measurements x CROSS JOIN trials t CROSS JOIN metrics m WHERE x.job_key = ? "
                                    : "trials t CROSS JOIN metrics m CROSS JOIN measurements x WHERE t.job_key = ?1 "
                                      "AND m.job_key = ?1 ");
  absl::StrAppend(&sql, "AND x.trial_key = t.key AND x.metric_key = m.key AND x.revision > ? ");
  if (query.trial_number) absl::StrAppend(&sql, "AND t.number = ? ");
  if (!query.metric.empty()) absl::StrAppend(&sql, "AND m.name = ? ");
  absl::StrAppend(&sql, "ORDER BY ", by_revision ? "x.revision, " : "",
                  "t.number, m.name, x.step, x.attempt LIMIT ? OFFSET ?");
  Query rows(connection_, sql);
  rows.Bind(*job_key).Bind(query.since_revision);
  if (query.trial_number) rows.Bind(*query.trial_number);
  if (!query.metric.empty()) rows.Bind(query.metric);
  rows.Bind(NotNegative(query.limit)).Bind(NotNegative(query.offset));
  while (rows.Step()) measurements.push_back(MeasurementFromRow(rows));
  return measurements;
}

absl::StatusOr<Worker> SqliteQueries::GetWorker(absl::string_view worker_id) {
  Query query(connection_, absl::StrCat(kSelectWorkers, "WHERE id = ?"));
  query.Bind(worker_id);
  if (!query.Step()) return absl::NotFoundError(absl::StrCat(WorkerName(worker_id), ": no such worker"));
  return WorkerFromRow(query);
}

absl::StatusOr<std::vector<Worker>> SqliteQueries::ListWorkers() {
  Query query(connection_, absl::StrCat(kSelectWorkers, "ORDER BY id"));
  return Collect(query, WorkerFromRow);
}

absl::StatusOr<int64_t> SqliteQueries::Revision() {
  Query query(connection_, "SELECT revision FROM store_state");
  if (!query.Step()) return absl::DataLossError("database: the row of the revision is missing");
  return query.Int(0);
}

std::optional<int64_t> SqliteQueries::FindJobKey(absl::string_view job_id) {
  Query query(connection_, "SELECT key FROM jobs WHERE id = ?");
  query.Bind(job_id);
  return query.Step() ? std::make_optional(query.Int(0)) : std::nullopt;
}

std::optional<SqliteQueries::TrialKey> SqliteQueries::FindTrialKey(const TrialId& id) {
  Query query(connection_,
              "SELECT job_key, key FROM trials WHERE job_key = (SELECT key FROM jobs WHERE id = ?) AND number = ?");
  query.Bind(id.job_id).Bind(id.number);
  if (!query.Step()) return std::nullopt;
  return TrialKey{query.Int(0), query.Int(1)};
}

}  // namespace pegbox
