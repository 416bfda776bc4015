// The tables, and how a database of an earlier version becomes one of this version.
#pragma once

#include "absl/status/status.h"
#include "server/store/sqlite_connection.h"

namespace pegbox {

// "PGBX", in the database's header.
inline constexpr int64_t kApplicationId = 0x50474258;
// Of the newest migration; rests as the database's user_version.
inline constexpr int64_t kSchemaVersion = 2;

// FAILED_PRECONDITION: the database belongs to another program or was written by a newer Pegbox. DATA_LOSS: damaged.
// Changes nothing.
absl::Status CheckOwner(Connection& connection);

// Brings the database to kSchemaVersion, each migration in a transaction of its own; an empty one becomes Pegbox's.
// CheckOwner must have passed. RESOURCE_EXHAUSTED: the disk is full. DATA_LOSS: damaged.
absl::Status MigrateSchema(Connection& connection);

// DATA_LOSS: SQLite's quick_check finds damage.
absl::Status CheckIntegrity(Connection& connection);

}  // namespace pegbox
