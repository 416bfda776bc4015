// Which files the store opens, and which it refuses and leaves as they are.
#include "server/store/schema.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "common/status_macros.h"
#include "server/store/sqlite_store.h"
#include "tests/contract/store_samples.h"
#include "tests/server/store/temp_folder.h"

namespace pegbox {
namespace {

using ::testing::HasSubstr;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class SchemaTest : public ::testing::Test {
 protected:
  absl::Status OpenStatus() { return SqliteStore::Open({.path = path_}).status(); }

  // A closed database with one job, fifty trials and their measurements.
  void Fill() {
    auto store = SqliteStore::Open({.path = path_});
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE(
        (*store)
            ->Write(Store::Priority::kState,
                    [](Transaction& transaction) -> absl::Status {
                      PEGBOX_RETURN_IF_ERROR(transaction.PutTuningJob(SampleJob("job")));
                      for (int64_t number = 1; number <= 50; ++number) {
                        PEGBOX_RETURN_IF_ERROR(transaction.PutTrial(FullTrial("job", number)));
                        std::vector<Measurement> rows;
                        for (int step = 0; step < 40; ++step) {
                          rows.push_back(SampleMeasurement("loss", step, step));
                        }
                        PEGBOX_RETURN_IF_ERROR(transaction.InsertMeasurements({"job", number}, 1, rows).status());
                      }
                      return absl::OkStatus();
                    })
            .ok());
  }

  // Opens and reads everything: OK, or the first error.
  absl::Status ReadAll() {
    PEGBOX_ASSIGN_OR_RETURN(auto store, SqliteStore::Open({.path = path_}));
    return store->Read([](Reader& reader) -> absl::Status {
      PEGBOX_RETURN_IF_ERROR(reader.ListTuningJobs({}).status());
      PEGBOX_RETURN_IF_ERROR(reader.GetTuningJob("job").status());
      PEGBOX_RETURN_IF_ERROR(reader.ListTrials("job", {.order = TrialQuery::Order::kBestFirst}).status());
      PEGBOX_RETURN_IF_ERROR(reader.ListMeasurements("job", {.limit = 10000}).status());
      PEGBOX_RETURN_IF_ERROR(reader.ListWorkers().status());
      return reader.Revision().status();
    });
  }

  TempFolder folder_;
  const std::string path_ = folder_.File("pegbox.db");
};

TEST_F(SchemaTest, NewFileCarriesPegboxsMarks) {
  ASSERT_TRUE(OpenStatus().ok());
  SQLite::Database database(path_);
  EXPECT_EQ(database.execAndGet("PRAGMA application_id").getInt64(), kApplicationId);
  EXPECT_EQ(database.execAndGet("PRAGMA user_version").getInt64(), kSchemaVersion);
  EXPECT_EQ(database.execAndGet("PRAGMA journal_mode").getString(), "wal");
}

TEST_F(SchemaTest, ADatabaseOfTheFirstSchemaIsBroughtUpToDate) {
  Fill();
  {
    SQLite::Database database(path_, SQLite::OPEN_READWRITE);
    database.exec("DROP INDEX attempts_by_request_id");
    for (const char* column : {"client_id", "request_id", "lease_duration"}) {
      database.exec(std::string("ALTER TABLE attempts DROP COLUMN ") + column);
    }
    database.exec("ALTER TABLE jobs DROP COLUMN is_for_workers");
    database.exec("PRAGMA user_version = 1");
  }
  EXPECT_TRUE(ReadAll().ok()) << ReadAll();
  auto store = *SqliteStore::Open({.path = path_});
  EXPECT_TRUE(store
                  ->Read([](Reader& reader) -> absl::Status {
                    PEGBOX_ASSIGN_OR_RETURN(const Trial trial, reader.GetTrial({"job", 1}));
                    EXPECT_FALSE(trial.attempt->client.has_value());
                    return absl::OkStatus();
                  })
                  .ok());
}

TEST_F(SchemaTest, NewerSchemaIsRefused) {
  Fill();
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 1000");
  const absl::Status status = OpenStatus();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("newer Pegbox (schema 1000"));
}

TEST_F(SchemaTest, DatabaseOfAnotherProgramIsRefusedAndUntouched) {
  SQLite::Database(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE theirs (x)");
  const std::string before = ReadFile(path_);
  const absl::Status status = OpenStatus();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("another program"));
  EXPECT_EQ(ReadFile(path_), before);
}

TEST_F(SchemaTest, FileThatIsNoDatabaseIsRefusedAndUntouched) {
  const std::string bytes(10000, 'x');
  WriteFile(path_, bytes);
  EXPECT_TRUE(absl::IsDataLoss(OpenStatus())) << OpenStatus();
  EXPECT_EQ(ReadFile(path_), bytes);
}

TEST_F(SchemaTest, FolderInPlaceOfTheFileIsRefused) {
  std::filesystem::create_directory(path_);
  EXPECT_TRUE(absl::IsFailedPrecondition(OpenStatus())) << OpenStatus();
}

TEST_F(SchemaTest, LostOrEmptiedDatabaseIsNotRecreated) {
  Fill();
  std::filesystem::resize_file(path_, 0);
  EXPECT_TRUE(absl::IsDataLoss(OpenStatus()));
  std::filesystem::remove(path_);
  const absl::Status status = OpenStatus();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("restore the last backup"));
  EXPECT_TRUE(absl::IsDataLoss(OpenStatus()));
}

TEST_F(SchemaTest, StartThatWasCutBeforeTheFirstCommitIsTakenUp) {
  WriteFile(path_, "");
  WriteFile(path_ + ".lock", "");
  EXPECT_TRUE(OpenStatus().ok());
  Fill();
  EXPECT_TRUE(ReadAll().ok());
}

TEST_F(SchemaTest, TruncatedDatabaseIsRefused) {
  Fill();
  const std::string whole = ReadFile(path_);
  ASSERT_GT(whole.size(), size_t{10} * 4096);
  for (size_t pages = 1; pages < whole.size() / 4096; pages += 3) {
    WriteFile(path_, whole.substr(0, pages * 4096));
    EXPECT_TRUE(absl::IsDataLoss(OpenStatus())) << pages;
    WriteFile(path_, whole.substr(0, pages * 4096 - 100));
    EXPECT_TRUE(absl::IsDataLoss(OpenStatus())) << pages;
  }
  WriteFile(path_, whole);
  EXPECT_TRUE(ReadAll().ok());
}

TEST_F(SchemaTest, ZeroedPagesAreRefused) {
  Fill();
  const std::string whole = ReadFile(path_);
  for (size_t page = 0; page < whole.size() / 4096; page += 2) {
    std::string damaged = whole;
    damaged.replace(page * 4096, 4096, 4096, '\0');
    WriteFile(path_, damaged);
    EXPECT_TRUE(absl::IsDataLoss(ReadAll())) << page;
  }
}

// Damage may go unseen, for SQLite keeps no checksums; it must never crash the server or be taken for another error.
TEST_F(SchemaTest, FlippedBitsAreSeenOrHarmless) {
  Fill();
  const std::string whole = ReadFile(path_);
  std::mt19937 random(11);
  int refused = 0;
  for (int round = 0; round < 60; ++round) {
    std::string damaged = whole;
    for (int flip = 0; flip < 8; ++flip) {
      const size_t at = 4096 + random() % (damaged.size() - 4096);
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (random() % 8)));
    }
    WriteFile(path_, damaged);
    const absl::Status status = ReadAll();
    EXPECT_TRUE(status.ok() || absl::IsDataLoss(status) || absl::IsNotFound(status)) << status;
    if (!status.ok()) ++refused;
  }
  EXPECT_GT(refused, 0);
}

TEST_F(SchemaTest, DamageFoundWhileReadingStopsTheStore) {
  Fill();
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("UPDATE trials SET parameters = '{' WHERE number = 7");
  auto store = *SqliteStore::Open({.path = path_});
  EXPECT_TRUE(store->failure().ok());
  const absl::Status status = store->Read([](Reader& reader) { return reader.GetTrial({"job", 7}).status(); });
  EXPECT_TRUE(absl::IsDataLoss(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("tuningJobs/job/trials/7"));
  EXPECT_TRUE(absl::IsDataLoss(store->failure()));
  EXPECT_TRUE(absl::IsDataLoss(store->Write(Store::Priority::kState, [](Transaction&) { return absl::OkStatus(); })));
}

}  // namespace
}  // namespace pegbox
