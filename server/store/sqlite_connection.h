// One connection to the database with its cached statements, and the cursor over one statement's rows. Both throw
// SQLite::Exception; they stay inside this folder. Not thread-safe: one thread at a time.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace pegbox {

class Connection {
 public:
  // The writer alone changes the file and alone checkpoints: SQLite before 3.51.3 can lose a write-ahead log that one
  // connection resets while another writes.
  enum class Role { kWriter, kReader };

  // `path` must exist, or be ":memory:" (writer only).
  Connection(const std::string& path, Role role);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sets the pragmas of the role. INTERNAL: one did not take.
  absl::Status Configure();

  SQLite::Database& database() { return database_; }
  bool is_in_memory() const { return is_in_memory_; }
  // A transaction is open. SQLite ends one by itself after some errors.
  bool InTransaction();

  // Compiled once, kept for the connection's life. One cursor over it at a time.
  SQLite::Statement& Prepare(absl::string_view sql);
  // Runs a statement that yields no row.
  void Execute(absl::string_view sql);

 private:
  const Role role_;
  const bool is_in_memory_;
  SQLite::Database database_;
  absl::flat_hash_map<std::string, std::unique_ptr<SQLite::Statement>> statements_;
};

// Times rest as microseconds since 1970; infinite ones as the greatest and least integers.
int64_t StoredTime(absl::Time time);
absl::Time TimeFromStored(int64_t micros);

// Bind the parameters in their order, then step. Frees the statement at its end.
//   Query query(connection, "SELECT a FROM t WHERE b = ?");
//   query.Bind(7);
//   while (query.Step()) Use(query.Int(0));
class Query {
 public:
  Query(Connection& connection, absl::string_view sql) : statement_(connection.Prepare(sql)) {}
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& Bind(int64_t value);
  Query& Bind(double value);  // a NaN, which SQLite would take for NULL, rests as the text "NaN"
  Query& Bind(absl::string_view value);
  Query& Bind(const std::string& value);
  Query& Bind(const char* value) { return Bind(absl::string_view(value)); }
  Query& Bind(absl::Time value) { return Bind(StoredTime(value)); }
  Query& Bind(bool value) { return Bind(static_cast<int64_t>(value)); }
  template <typename T>
  Query& Bind(const std::optional<T>& value) {
    return value.has_value() ? Bind(*value) : BindNull();
  }
  Query& BindNull();

  // False: no row is left.
  bool Step() { return statement_.executeStep(); }
  // To the end; the number of rows changed.
  int64_t Run();

  bool IsNull(int column) const { return statement_.isColumnNull(column); }
  int64_t Int(int column) const { return statement_.getColumn(column).getInt64(); }
  bool Bool(int column) const { return Int(column) != 0; }
  double Double(int column) const;
  std::string Text(int column) const { return statement_.getColumn(column).getString(); }
  absl::Time Time(int column) const { return TimeFromStored(Int(column)); }
  std::optional<int64_t> OptionalInt(int column) const;
  std::optional<double> OptionalDouble(int column) const;
  std::optional<absl::Time> OptionalTime(int column) const;

 private:
  SQLite::Statement& statement_;
  int next_parameter_ = 1;
};

}  // namespace pegbox
