#include "server/store/schema.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status_macros.h"
#include "server/store/sqlite_error.h"

namespace pegbox {
namespace {

struct Migration {
  int64_t version;
  const char* sql;
};

// Never edit a migration that was released: add one. Times are microseconds since 1970. ANY holds a double as it was
// bound: REAL would turn -0.0 into 0.
constexpr Migration kMigrations[] = {{1, R"sql(
CREATE TABLE store_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL  -- of the last commit
) STRICT;
INSERT INTO store_state VALUES (1, 0);

CREATE TABLE jobs (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  request_id TEXT NOT NULL,
  state TEXT NOT NULL,
  end_reason TEXT,
  end_detail TEXT NOT NULL,
  max_parallel_jobs INTEGER NOT NULL,  -- a copy of the specification's
  spec TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  end_time INTEGER,
  revision INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX jobs_by_request_id ON jobs (request_id) WHERE request_id <> '';
CREATE INDEX jobs_by_create_time ON jobs (create_time, id);
CREATE INDEX jobs_by_state ON jobs (state, create_time, id);

CREATE TABLE trials (
  key INTEGER PRIMARY KEY,
  job_key INTEGER NOT NULL REFERENCES jobs,
  number INTEGER NOT NULL,
  parameters TEXT NOT NULL,
  provenance TEXT NOT NULL,
  state TEXT NOT NULL,
  attempt INTEGER,   -- the current one's number
  live_worker TEXT,  -- the current attempt's worker while the trial is running or stopping
  value ANY,
  best_step INTEGER,
  last_step INTEGER,
  stop TEXT,
  failure TEXT,
  checkpoint_path TEXT NOT NULL,
  checkpoint_step INTEGER,
  create_time INTEGER NOT NULL,
  start_time INTEGER,
  end_time INTEGER,
  revision INTEGER NOT NULL,
  UNIQUE (job_key, number)
) STRICT;
CREATE INDEX trials_by_state ON trials (job_key, state, number);
CREATE INDEX trials_by_value ON trials (job_key, value, number) WHERE value IS NOT NULL;
CREATE INDEX trials_by_revision ON trials (job_key, revision);
CREATE INDEX trials_by_live_worker ON trials (live_worker) WHERE live_worker IS NOT NULL;

CREATE TABLE attempts (
  trial_key INTEGER NOT NULL REFERENCES trials,
  number INTEGER NOT NULL,
  worker_id TEXT NOT NULL,
  incarnation TEXT NOT NULL,
  start_time INTEGER NOT NULL,
  end_time INTEGER,
  failure TEXT,
  PRIMARY KEY (trial_key, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE metrics (
  key INTEGER PRIMARY KEY,
  job_key INTEGER NOT NULL REFERENCES jobs,
  name TEXT NOT NULL,
  UNIQUE (job_key, name)
) STRICT;

CREATE TABLE measurements (
  trial_key INTEGER NOT NULL REFERENCES trials,
  metric_key INTEGER NOT NULL REFERENCES metrics,
  step INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  value ANY NOT NULL,
  report_time INTEGER NOT NULL,
  job_key INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  PRIMARY KEY (trial_key, metric_key, step, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX measurements_by_revision ON measurements (job_key, revision);

CREATE TABLE workers (
  id TEXT PRIMARY KEY,
  incarnation TEXT NOT NULL,
  host_name TEXT NOT NULL,
  device_names TEXT NOT NULL,
  version TEXT NOT NULL,
  register_time INTEGER NOT NULL,
  has_left INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql"},
                                     {2, R"sql(
ALTER TABLE jobs ADD COLUMN is_for_workers INTEGER NOT NULL DEFAULT 1;  -- its trials have a command
ALTER TABLE attempts ADD COLUMN client_id TEXT;  -- who asked for the trial; NULL for a worker's attempt
ALTER TABLE attempts ADD COLUMN request_id TEXT;
ALTER TABLE attempts ADD COLUMN lease_duration INTEGER;  -- microseconds
CREATE INDEX attempts_by_request_id ON attempts (request_id) WHERE request_id <> '';
)sql"}};

static_assert(std::size(kMigrations) == kSchemaVersion);

int64_t PragmaValue(SQLite::Database& database, const char* pragma) {
  return database.execAndGet(absl::StrCat("PRAGMA ", pragma)).getInt64();
}

void Apply(SQLite::Database& database, const Migration& migration) {
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::EXCLUSIVE);
  database.exec(migration.sql);
  database.exec(absl::StrCat("PRAGMA application_id = ", kApplicationId));
  database.exec(absl::StrCat("PRAGMA user_version = ", migration.version));
  transaction.commit();
}

}  // namespace

absl::Status CheckOwner(Connection& connection) {
  return CatchSqlite("opening the database", [&]() -> absl::Status {
    SQLite::Database& database = connection.database();
    const int64_t application = PragmaValue(database, "application_id");
    const int64_t version = PragmaValue(database, "user_version");
    const bool is_empty = database.execAndGet("SELECT COUNT(*) FROM sqlite_master").getInt64() == 0;
    if (application != kApplicationId && !(application == 0 && is_empty)) {
      return absl::FailedPreconditionError(absl::StrCat("database ", database.getFilename(),
                                                        ": belongs to another program (application id ", application,
                                                        "); choose another data folder"));
    }
    if (version > kSchemaVersion) {
      return absl::FailedPreconditionError(
          absl::StrCat("database ", database.getFilename(), ": was written by a newer Pegbox (schema ", version,
                       ", this one knows up to ", kSchemaVersion, "); start that version, or restore a backup"));
    }
    return absl::OkStatus();
  });
}

absl::Status MigrateSchema(Connection& connection) {
  return CatchSqlite("preparing the database", [&]() -> absl::Status {
    SQLite::Database& database = connection.database();
    const int64_t version = PragmaValue(database, "user_version");
    for (const Migration& migration : kMigrations) {
      if (migration.version <= version) continue;
      Apply(database, migration);
      if (version > 0) {
        Log()->info("store migrated path={} schema={}", database.getFilename(), migration.version);
      }
    }
    return absl::OkStatus();
  });
}

absl::Status CheckIntegrity(Connection& connection) {
  return CatchSqlite("checking the database", [&]() -> absl::Status {
    SQLite::Database& database = connection.database();
    const std::string found = database.execAndGet("PRAGMA quick_check(1)").getString();
    if (found == "ok") return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("database ", database.getFilename(), ": is damaged (", found,
                                            "); keep a copy of it and restore the last backup"));
  });
}

}  // namespace pegbox
