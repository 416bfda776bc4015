// What an error of SQLite means to the caller, decided by its code. Exceptions of SQLiteCpp end here.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pegbox {

// DATA_LOSS: damaged, no database, or the disk failed. RESOURCE_EXHAUSTED: disk, quota, the limit set or memory is
// full. UNAVAILABLE: locked by another process. FAILED_PRECONDITION: not allowed to open or to write. Else INTERNAL.
absl::Status StatusFromSqlite(const SQLite::Exception& error, absl::string_view doing);

// The store cannot go on after it.
inline bool IsFatal(const absl::Status& status) { return absl::IsDataLoss(status); }

// Runs `body`, which may throw; its status, or that of the exception.
template <typename Body>
absl::Status CatchSqlite(absl::string_view doing, Body body) {
  try {
    return body();
  } catch (const SQLite::Exception& error) {
    return StatusFromSqlite(error, doing);
  }
}

}  // namespace pegbox
