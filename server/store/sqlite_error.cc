#include "server/store/sqlite_error.h"

#include <sqlite3.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace pegbox {

absl::Status StatusFromSqlite(const SQLite::Exception& error, absl::string_view doing) {
  const std::string text =
      absl::StrCat(doing, ": ", error.what(), " (SQLite error ", error.getExtendedErrorCode(), ")");
  if (error.getExtendedErrorCode() == SQLITE_IOERR_NOMEM) {
    return absl::ResourceExhaustedError(absl::StrCat(text, "; the server is out of memory"));
  }
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(absl::StrCat(
          text, "; free some space on the disk of the data folder or raise the store's limit, then try again"));
    case SQLITE_NOMEM:
      return absl::ResourceExhaustedError(absl::StrCat(text, "; the server is out of memory"));
    case SQLITE_IOERR:
      return absl::DataLossError(absl::StrCat(text, "; the disk of the data folder failed"));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(
          absl::StrCat(text, "; the database is damaged: keep a copy of it and restore the last backup"));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return absl::UnavailableError(
          absl::StrCat(text, "; another process holds the database open for writing: close it"));
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::FailedPreconditionError(
          absl::StrCat(text, "; check that the server's user may read and write the data folder"));
    default:
      return absl::InternalError(text);
  }
}

}  // namespace pegbox
