// What SqliteStore promises beyond the contract: its file, its batches, its errors.
#include "server/store/sqlite_store.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/status_macros.h"
#include "tests/contract/store_samples.h"
#include "tests/server/store/temp_folder.h"

namespace pegbox {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SqliteStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteStore> Open() {
    auto store = SqliteStore::Open({.path = path_});
    EXPECT_TRUE(store.ok()) << store.status();
    return store.ok() ? *std::move(store) : nullptr;
  }

  static absl::Status PutJob(Store& store, absl::string_view id) {
    return store.Write(Store::Priority::kState,
                       [&](Transaction& transaction) { return transaction.PutTuningJob(SampleJob(id)); });
  }
  static int64_t CountTrials(Store& store, absl::string_view job) {
    int64_t total = -1;
    EXPECT_TRUE(store
                    .Read([&](Reader& reader) -> absl::Status {
                      PEGBOX_ASSIGN_OR_RETURN(const TrialCounts counts, reader.CountTrials(job));
                      total = counts.total();
                      return absl::OkStatus();
                    })
                    .ok());
    return total;
  }

  TempFolder folder_;
  const std::string path_ = folder_.File("pegbox.db");
};

// Holds the store's writer in a body, so that what is written meanwhile is queued for one batch.
class HeldWriter {
 public:
  explicit HeldWriter(SqliteStore& store) : store_(store) {
    holder_ = std::thread([this] {
      EXPECT_TRUE(store_
                      .Write(Store::Priority::kState,
                             [this](Transaction&) {
                               is_held_.Notify();
                               may_go_on_.WaitForNotification();
                               return absl::OkStatus();
                             })
                      .ok());
    });
    is_held_.WaitForNotification();
  }

  // Writes in a thread of its own; returns once it is queued.
  void Queue(Store::Priority priority, std::function<absl::Status(Transaction&)> body, absl::Status& result) {
    writers_.emplace_back([this, priority, body = std::move(body), &result] { result = store_.Write(priority, body); });
    while (store_.statistics().queued_writes < static_cast<int64_t>(writers_.size())) std::this_thread::yield();
  }

  void Release() {
    may_go_on_.Notify();
    holder_.join();
    for (std::thread& writer : writers_) writer.join();
  }

 private:
  SqliteStore& store_;
  absl::Notification is_held_, may_go_on_;
  std::thread holder_;
  std::vector<std::thread> writers_;
};

TEST_F(SqliteStoreTest, OptionsOutsideTheirLimitsAreRejected) {
  for (const SqliteStore::Options& options :
       {SqliteStore::Options{.path = ""}, SqliteStore::Options{.path = path_, .max_bytes = -1},
        SqliteStore::Options{.path = path_, .max_queued_writes = 0},
        SqliteStore::Options{.path = path_, .max_readers = 0}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(SqliteStore::Open(options).status()));
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SqliteStoreTest, SecondServerIsRefusedAndToldWhere) {
  auto first = Open();
  const absl::Status second = SqliteStore::Open({.path = path_}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(second)) << second;
  EXPECT_THAT(std::string(second.message()), HasSubstr(folder_.path()));
  EXPECT_TRUE(PutJob(*first, "job").ok());
  first.reset();
  EXPECT_NE(Open(), nullptr);
}

TEST_F(SqliteStoreTest, MissingFolderIsRefused) {
  const absl::Status status = SqliteStore::Open({.path = folder_.File("none/pegbox.db")}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
}

TEST_F(SqliteStoreTest, FilesArePrivate) {
  const mode_t old_mask = umask(0);
  auto store = Open();
  EXPECT_TRUE(PutJob(*store, "job").ok());
  umask(old_mask);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    struct stat info;
    ASSERT_EQ(stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u) << entry.path();
  }
  store.reset();
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  store = Open();
  struct stat info;
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(SqliteStoreTest, ViewStaysWhileAnotherThreadCommits) {
  auto store = Open();
  ASSERT_TRUE(PutJob(*store, "job").ok());
  const absl::Status status = store->Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const int64_t before, reader.Revision());
    std::thread writer([&] { EXPECT_TRUE(PutJob(*store, "other").ok()); });
    writer.join();
    EXPECT_TRUE(absl::IsNotFound(reader.GetTuningJob("other").status()));
    PEGBOX_ASSIGN_OR_RETURN(const int64_t after, reader.Revision());
    EXPECT_EQ(before, after);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_TRUE(store->Read([](Reader& reader) { return reader.GetTuningJob("other").status(); }).ok());
}

TEST_F(SqliteStoreTest, MoreReadersThanConnectionsWaitForTheirTurn) {
  auto store = *SqliteStore::Open({.path = path_, .max_readers = 2});
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) EXPECT_EQ(CountTrials(*store, "job"), 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(SqliteStoreTest, QueuedBodiesShareOneCommit) {
  auto store = Open();
  ASSERT_TRUE(PutJob(*store, "job").ok());
  const int64_t commits = store->statistics().commits;
  HeldWriter held(*store);
  std::vector<absl::Status> results(20, absl::UnknownError("not written"));
  for (int i = 0; i < 20; ++i) {
    held.Queue(
        Store::Priority::kMeasurements,
        [i](Transaction& transaction) { return transaction.PutTrial(SampleTrial("job", 1 + i)); }, results[i]);
  }
  held.Release();
  for (const absl::Status& result : results) EXPECT_TRUE(result.ok()) << result;
  EXPECT_EQ(store->statistics().commits, commits + 1);
  EXPECT_EQ(CountTrials(*store, "job"), 20);
}

TEST_F(SqliteStoreTest, StateChangesOvertakeMeasurements) {
  auto store = Open();
  HeldWriter held(*store);
  std::vector<std::string> order;  // touched by the writer's thread alone
  std::vector<absl::Status> results(6);
  for (int i = 0; i < 6; ++i) {
    const bool is_state = i >= 3;
    held.Queue(
        is_state ? Store::Priority::kState : Store::Priority::kMeasurements,
        [&order, i, is_state](Transaction&) {
          order.push_back((is_state ? "state" : "measurements") + std::to_string(i));
          return absl::OkStatus();
        },
        results[i]);
  }
  held.Release();
  EXPECT_THAT(order, ElementsAre("state3", "state4", "state5", "measurements0", "measurements1", "measurements2"));
}

TEST_F(SqliteStoreTest, FailingBodyOfABatchIsRolledBackAlone) {
  auto store = Open();
  ASSERT_TRUE(PutJob(*store, "job").ok());
  HeldWriter held(*store);
  std::vector<absl::Status> results(5);
  for (int i = 0; i < 5; ++i) {
    held.Queue(
        Store::Priority::kState,
        [i](Transaction& transaction) -> absl::Status {
          PEGBOX_RETURN_IF_ERROR(transaction.PutTrial(SampleTrial("job", 1 + i)));
          return i == 2 ? absl::AbortedError("stale") : absl::OkStatus();
        },
        results[i]);
  }
  held.Release();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(results[i].ok(), i != 2);
  EXPECT_EQ(CountTrials(*store, "job"), 4);
  int64_t revision = 0;
  EXPECT_TRUE(store
                  ->Read([&](Reader& reader) -> absl::Status {
                    EXPECT_TRUE(absl::IsNotFound(reader.GetTrial({"job", 3}).status()));
                    PEGBOX_ASSIGN_OR_RETURN(revision, reader.Revision());
                    PEGBOX_ASSIGN_OR_RETURN(const Trial last, reader.GetTrial({"job", 5}));
                    EXPECT_EQ(last.revision, revision);
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(revision, 5);
}

TEST_F(SqliteStoreTest, BodyThatIgnoresADatabaseErrorIsRolledBack) {
  auto store = Open();
  const absl::Status status = store->Write(Store::Priority::kState, [](Transaction& transaction) {
    TuningJob job = SampleJob("one");
    job.request_id = "request";
    EXPECT_TRUE(transaction.PutTuningJob(job).ok());
    job.id = "two";  // two jobs of one request: the database refuses
    EXPECT_TRUE(absl::IsInternal(transaction.PutTuningJob(job)));
    EXPECT_TRUE(absl::IsInternal(transaction.PutTuningJob(SampleJob("three"))));
    return absl::OkStatus();
  });
  EXPECT_TRUE(absl::IsInternal(status)) << status;
  EXPECT_TRUE(absl::IsNotFound(store->Read([](Reader& reader) { return reader.GetTuningJob("one").status(); })));
  EXPECT_TRUE(store->failure().ok());
  EXPECT_TRUE(PutJob(*store, "four").ok());
}

TEST_F(SqliteStoreTest, FullQueueBlocksTheCallerUntilThereIsRoom) {
  auto store = *SqliteStore::Open({.path = path_, .max_queued_writes = 2});
  HeldWriter held(*store);
  absl::Status results[2];
  const auto nothing = [](Transaction&) { return absl::OkStatus(); };
  held.Queue(Store::Priority::kMeasurements, nothing, results[0]);
  held.Queue(Store::Priority::kMeasurements, nothing, results[1]);
  std::vector<std::thread> more;
  for (int i = 0; i < 6; ++i) {
    more.emplace_back([&] { EXPECT_TRUE(store->Write(Store::Priority::kMeasurements, nothing).ok()); });
  }
  EXPECT_EQ(store->statistics().queued_writes, 2);
  held.Release();
  for (std::thread& thread : more) thread.join();
  EXPECT_EQ(store->statistics().writes, 9);
}

TEST_F(SqliteStoreTest, ClosedStoreIsUnavailable) {
  auto store = Open();
  ASSERT_TRUE(PutJob(*store, "job").ok());
  store->Close();
  store->Close();
  EXPECT_TRUE(absl::IsUnavailable(PutJob(*store, "late")));
  EXPECT_TRUE(absl::IsUnavailable(store->Read([](Reader&) { return absl::OkStatus(); })));
  auto in_memory = *SqliteStore::Open({.path = ":memory:"});
  in_memory->Close();
  EXPECT_TRUE(absl::IsUnavailable(in_memory->Read([](Reader&) { return absl::OkStatus(); })));
}

TEST_F(SqliteStoreTest, CloseFinishesWhatIsQueued) {
  auto store = Open();
  ASSERT_TRUE(PutJob(*store, "job").ok());
  {
    HeldWriter held(*store);
    std::vector<absl::Status> results(10, absl::UnknownError("not written"));
    for (int i = 0; i < 10; ++i) {
      held.Queue(
          Store::Priority::kMeasurements,
          [i](Transaction& transaction) { return transaction.PutTrial(SampleTrial("job", 1 + i)); }, results[i]);
    }
    std::thread closer([&] { store->Close(); });
    held.Release();
    closer.join();
    for (const absl::Status& result : results) EXPECT_TRUE(result.ok()) << result;
  }
  store.reset();
  EXPECT_EQ(CountTrials(*Open(), "job"), 10);
}

TEST_F(SqliteStoreTest, LogIsCheckpointedWhileRunningAndGoneAfterClose) {
  auto store = Open();
  ASSERT_TRUE(PutJob(*store, "job").ok());
  Trial trial = SampleTrial("job", 1);
  for (int i = 0; i < 26; ++i) {
    trial.provenance.note = std::string(1 << 20, static_cast<char>('a' + i));
    ASSERT_TRUE(
        store->Write(Store::Priority::kState, [&](Transaction& transaction) { return transaction.PutTrial(trial); })
            .ok());
  }
  ASSERT_TRUE(PutJob(*store, "after").ok());  // the writer has looked at the log before that
  EXPECT_GE(store->statistics().checkpoints, 1);
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), size_t{20} << 20);  // of 26 MiB written
  store->Close();
  const std::string log = path_ + "-wal";
  EXPECT_TRUE(!std::filesystem::exists(log) || std::filesystem::file_size(log) == 0);
}

TEST_F(SqliteStoreTest, LockOfAnotherProgramIsUnavailableNotLost) {
  auto store = Open();
  ASSERT_TRUE(PutJob(*store, "job").ok());
  SQLite::Database other(path_, SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");
  EXPECT_TRUE(absl::IsUnavailable(PutJob(*store, "refused")));
  other.exec("ROLLBACK");
  EXPECT_TRUE(store->failure().ok());
  EXPECT_TRUE(PutJob(*store, "taken").ok());
  EXPECT_TRUE(absl::IsNotFound(store->Read([](Reader& reader) { return reader.GetTuningJob("refused").status(); })));
}

}  // namespace
}  // namespace pegbox
