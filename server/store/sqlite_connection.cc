#include "server/store/sqlite_connection.h"

#include <sqlite3.h>

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"

namespace pegbox {
namespace {

constexpr int kBusyTimeoutMilliseconds = 5000;

struct Pragma {
  const char* name;
  const char* value;
};

constexpr Pragma kPragmas[] = {
    {"foreign_keys", "1"},    {"trusted_schema", "0"}, {"cell_size_check", "1"},
    {"temp_store", "2"},      {"synchronous", "2"},  // an acknowledgement means: fdatasync
    {"busy_timeout", "5000"},
};
constexpr Pragma kFilePragmas[] = {{"mmap_size", "0"}, {"wal_autocheckpoint", "0"}};
constexpr Pragma kWriterPragmas[] = {
    {"journal_mode", "wal"}, {"journal_size_limit", "67108864"}, {"cache_size", "-65536"}};
constexpr Pragma kReaderPragmas[] = {{"query_only", "1"}};

int OpenFlags(Connection::Role role) {
  // Each connection has one user at a time, so SQLite's own mutexes are not needed.
  if (role == Connection::Role::kReader) return SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX;
  return SQLite::OPEN_READWRITE | SQLite::OPEN_NOMUTEX;
}

absl::Status Apply(SQLite::Database& database, const Pragma& pragma) {
  {
    SQLite::Statement set(database, absl::StrCat("PRAGMA ", pragma.name, " = ", pragma.value));
    while (set.executeStep()) {
    }
  }
  const std::string seen = database.execAndGet(absl::StrCat("PRAGMA ", pragma.name)).getString();
  if (seen == pragma.value) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("database pragma ", pragma.name, ": must be ", pragma.value, ", is ", seen,
                                          "; the data folder must be on a local disk and SQLite at least 3.37"));
}

template <size_t N>
absl::Status ApplyAll(SQLite::Database& database, const Pragma (&pragmas)[N]) {
  for (const Pragma& pragma : pragmas) {
    if (absl::Status status = Apply(database, pragma); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

Connection::Connection(const std::string& path, Role role)
    : role_(role), is_in_memory_(path == ":memory:"), database_(path, OpenFlags(role), kBusyTimeoutMilliseconds) {}

absl::Status Connection::Configure() {
  // Closing must not checkpoint: the store does that itself, and never after an error.
  int is_set = 0;
  sqlite3_db_config(database_.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, &is_set);
  if (is_set != 1) return absl::InternalError("database: SQLite refuses to close without a checkpoint");
  sqlite3_db_config(database_.getHandle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  if (absl::Status status = ApplyAll(database_, kPragmas); !status.ok()) return status;
  if (is_in_memory_) return absl::OkStatus();
  if (absl::Status status = ApplyAll(database_, kFilePragmas); !status.ok()) return status;
  return role_ == Role::kWriter ? ApplyAll(database_, kWriterPragmas) : ApplyAll(database_, kReaderPragmas);
}

bool Connection::InTransaction() { return sqlite3_get_autocommit(database_.getHandle()) == 0; }

SQLite::Statement& Connection::Prepare(absl::string_view sql) {
  auto it = statements_.find(sql);
  if (it == statements_.end()) {
    std::string text(sql);
    it = statements_.emplace(text, std::make_unique<SQLite::Statement>(database_, text)).first;
  }
  return *it->second;
}

void Connection::Execute(absl::string_view sql) { Query(*this, sql).Run(); }

int64_t StoredTime(absl::Time time) {
  if (time == absl::InfiniteFuture()) return std::numeric_limits<int64_t>::max();
  if (time == absl::InfinitePast()) return std::numeric_limits<int64_t>::min();
  return absl::ToUnixMicros(time);
}

absl::Time TimeFromStored(int64_t micros) {
  if (micros == std::numeric_limits<int64_t>::max()) return absl::InfiniteFuture();
  if (micros == std::numeric_limits<int64_t>::min()) return absl::InfinitePast();
  return absl::FromUnixMicros(micros);
}

Query::~Query() {
  statement_.tryReset();
  statement_.clearBindings();
}

Query& Query::Bind(int64_t value) {
  statement_.bind(next_parameter_++, value);
  return *this;
}

Query& Query::Bind(double value) {
  if (std::isnan(value)) return Bind("NaN");
  statement_.bind(next_parameter_++, value);
  return *this;
}

Query& Query::Bind(absl::string_view value) { return Bind(std::string(value)); }

Query& Query::Bind(const std::string& value) {
  statement_.bind(next_parameter_++, value);
  return *this;
}

Query& Query::BindNull() {
  statement_.bind(next_parameter_++);
  return *this;
}

int64_t Query::Run() {
  while (statement_.executeStep()) {
  }
  return statement_.getChanges();
}

double Query::Double(int column) const {
  const SQLite::Column value = statement_.getColumn(column);
  return value.isText() ? std::numeric_limits<double>::quiet_NaN() : value.getDouble();
}

std::optional<int64_t> Query::OptionalInt(int column) const {
  return IsNull(column) ? std::nullopt : std::make_optional(Int(column));
}

std::optional<double> Query::OptionalDouble(int column) const {
  return IsNull(column) ? std::nullopt : std::make_optional(Double(column));
}

std::optional<absl::Time> Query::OptionalTime(int column) const {
  return IsNull(column) ? std::nullopt : std::make_optional(Time(column));
}

}  // namespace pegbox
