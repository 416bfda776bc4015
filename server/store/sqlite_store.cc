#include "server/store/sqlite_store.h"

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/log.h"
#include "common/status_macros.h"
#include "server/store/data_file.h"
#include "server/store/schema.h"
#include "server/store/sqlite_error.h"
#include "server/store/sqlite_queries.h"
#include "server/store/sqlite_view.h"
#include "server/store/sqlite_writer.h"

namespace pegbox {
namespace {

constexpr char kInMemory[] = ":memory:";

absl::Status CheckOptions(const SqliteStore::Options& options) {
  auto reject = [](absl::string_view field, absl::string_view rule, auto seen) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": ", rule, ", is ", seen));
  };
  if (options.path.empty()) return reject("path", "must name a file or be :memory:", "empty");
  if (options.max_bytes < 0) return reject("max_bytes", "must be 0 (no limit) or more", options.max_bytes);
  if (options.max_queued_writes < 1) return reject("max_queued_writes", "must be 1 or more", options.max_queued_writes);
  if (options.max_readers < 1) return reject("max_readers", "must be 1 or more", options.max_readers);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Connection>> OpenConnection(const std::string& path, Connection::Role role) {
  std::unique_ptr<Connection> connection;
  PEGBOX_RETURN_IF_ERROR(CatchSqlite(absl::StrCat("opening ", path), [&] {
    connection = std::make_unique<Connection>(path, role);
    return absl::OkStatus();
  }));
  return connection;
}

absl::Status Configure(Connection& connection) {
  return CatchSqlite("setting up the database", [&] { return connection.Configure(); });
}

absl::Status LimitSize(Connection& connection, int64_t max_bytes) {
  if (max_bytes == 0) return absl::OkStatus();
  return CatchSqlite("limiting the database's size", [&]() -> absl::Status {
    const int64_t page_bytes = connection.database().execAndGet("PRAGMA page_size").getInt64();
    // A limit below the present size becomes that size.
    connection.database().execAndGet(absl::StrCat("PRAGMA max_page_count = ", max_bytes / page_bytes + 1));
    return absl::OkStatus();
  });
}

absl::StatusOr<int64_t> StoredRevision(Connection& connection) { return SqliteReader(connection).Revision(); }

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const Options& options) {
  PEGBOX_RETURN_IF_ERROR(CheckOptions(options));
  std::unique_ptr<DataFile> file;
  if (options.path != kInMemory) {
    PEGBOX_ASSIGN_OR_RETURN(DataFile locked, DataFile::Lock(options.path));
    file = std::make_unique<DataFile>(std::move(locked));
  }
  PEGBOX_ASSIGN_OR_RETURN(auto connection, OpenConnection(options.path, Connection::Role::kWriter));
  // Before anything is changed in what may be another program's file.
  PEGBOX_RETURN_IF_ERROR(CheckOwner(*connection));
  if (file != nullptr) PEGBOX_RETURN_IF_ERROR(file->MakePrivate());
  PEGBOX_RETURN_IF_ERROR(Configure(*connection));
  PEGBOX_RETURN_IF_ERROR(CheckIntegrity(*connection));
  PEGBOX_RETURN_IF_ERROR(MigrateSchema(*connection));
  PEGBOX_RETURN_IF_ERROR(LimitSize(*connection, options.max_bytes));
  if (file != nullptr) PEGBOX_RETURN_IF_ERROR(file->MarkCreated());
  PEGBOX_ASSIGN_OR_RETURN(const int64_t revision, StoredRevision(*connection));
  Log()->debug("store opened path={} schema={} revision={}", options.path, kSchemaVersion, revision);
  auto writer = std::make_unique<SqliteWriter>(std::move(connection), revision, options.max_queued_writes);
  return std::unique_ptr<SqliteStore>(new SqliteStore(options, std::move(file), std::move(writer)));
}

SqliteStore::SqliteStore(const Options& options, std::unique_ptr<DataFile> file, std::unique_ptr<SqliteWriter> writer)
    : options_(options), file_(std::move(file)), writer_(std::move(writer)) {}

SqliteStore::~SqliteStore() { Close(); }

absl::Status SqliteStore::Write(Priority priority, std::function<absl::Status(Transaction&)> body) {
  return writer_->Run(priority, body);
}

absl::Status SqliteStore::Read(std::function<absl::Status(Reader&)> body) {
  if (file_ == nullptr) {
    return writer_->Run(Priority::kState, [&](Transaction& transaction) { return body(transaction); });
  }
  PEGBOX_RETURN_IF_ERROR(writer_->failure());
  PEGBOX_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, BorrowReader());
  absl::Status status = ReadWith(*connection, body);
  ReturnReader(std::move(connection));
  return status;
}

absl::Status SqliteStore::ReadWith(Connection& connection, const std::function<absl::Status(Reader&)>& body) {
  SqliteReader reader(connection);
  const absl::Status status = CatchSqlite("reading the database", [&]() -> absl::Status {
    connection.Execute("BEGIN");
    absl::Cleanup end = [&] {
      if (connection.InTransaction()) connection.database().tryExec("ROLLBACK");
    };
    absl::Status result = body(reader);
    return reader.error().ok() ? result : reader.error();
  });
  if (IsFatal(reader.error())) writer_->Fail(reader.error());
  return status;
}

absl::StatusOr<std::unique_ptr<Connection>> SqliteStore::BorrowReader() {
  {
    absl::MutexLock lock(&mu_);
    auto may_go_on = [&] {
      mu_.AssertReaderHeld();
      return is_closing_ || readers_in_use_ < options_.max_readers;
    };
    mu_.Await(absl::Condition(&may_go_on));
    if (is_closing_) return absl::UnavailableError("store: is closing; try again when the server is back");
    ++readers_in_use_;
    if (!idle_readers_.empty()) {
      std::unique_ptr<Connection> reader = std::move(idle_readers_.back());
      idle_readers_.pop_back();
      return reader;
    }
  }
  absl::StatusOr<std::unique_ptr<Connection>> reader = OpenConnection(options_.path, Connection::Role::kReader);
  absl::Status status = reader.ok() ? Configure(**reader) : reader.status();
  if (status.ok()) return reader;
  ReturnReader(nullptr);
  return status;
}

void SqliteStore::ReturnReader(std::unique_ptr<Connection> reader) {
  absl::MutexLock lock(&mu_);
  --readers_in_use_;
  if (reader != nullptr) idle_readers_.push_back(std::move(reader));
}

absl::Status SqliteStore::failure() const { return writer_->failure(); }

void SqliteStore::Close() {
  {
    absl::MutexLock lock(&mu_);
    is_closing_ = true;
    auto is_unread = [&] {
      mu_.AssertReaderHeld();
      return readers_in_use_ == 0;
    };
    mu_.Await(absl::Condition(&is_unread));
    idle_readers_.clear();
  }
  writer_->Close();
}

SqliteStore::Statistics SqliteStore::statistics() const {
  const SqliteWriter::Statistics of_writer = writer_->statistics();
  return {of_writer.queued, of_writer.bodies, of_writer.commits, of_writer.checkpoints};
}

}  // namespace pegbox
