// The store when its process is killed, its disk is full or its disk fails. Faults happen in child processes, which
// tell this one through a pipe what was acknowledged; this one opens the file afterwards and looks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "common/status_macros.h"
#include "server/store/sqlite_store.h"
#include "tests/contract/store_samples.h"
#include "tests/server/store/temp_folder.h"

namespace pegbox {
namespace {

// Runs `body` in a child process that has no store open yet. What it writes to the descriptor can be read here.
class Child {
 public:
  explicit Child(const std::function<void(int)>& body) {
    int ends[2];
    if (pipe(ends) != 0) std::abort();
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[0]);
      body(ends[1]);
      _exit(0);
    }
    close(ends[1]);
    read_end_ = ends[0];
  }
  ~Child() {
    close(read_end_);
    if (!is_reaped_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  // False: the child's end is closed.
  bool Read(int64_t& number) { return read(read_end_, &number, sizeof(number)) == sizeof(number); }
  void Kill() { kill(pid_, SIGKILL); }
  // -1: it did not exit by itself.
  int ExitCode() {
    int status = 0;
    waitpid(pid_, &status, 0);
    is_reaped_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_;
  int read_end_;
  bool is_reaped_ = false;
};

void Tell(int pipe_end, int64_t number) {
  if (write(pipe_end, &number, sizeof(number)) != sizeof(number)) _exit(9);
}

// One trial with two measurements: whole or not at all.
absl::Status WriteOne(Store& store, int64_t number, size_t note_bytes = 0) {
  const auto priority = number % 2 == 0 ? Store::Priority::kState : Store::Priority::kMeasurements;
  return store.Write(priority, [&](Transaction& transaction) -> absl::Status {
    Trial trial = Running(SampleTrial("job", number));
    trial.provenance.note = std::string(note_bytes, 'x');
    PEGBOX_RETURN_IF_ERROR(transaction.PutTrial(trial));
    return transaction
        .InsertMeasurements({"job", number}, 1, {SampleMeasurement("loss", 1, 0.5), SampleMeasurement("loss", 2, 0.25)})
        .status();
  });
}

absl::Status PutJob(Store& store) {
  return store.Write(Store::Priority::kState,
                     [](Transaction& transaction) { return transaction.PutTuningJob(SampleJob("job")); });
}

class SqliteStoreFaultTest : public ::testing::Test {
 protected:
  // The numbers of the trials that are there, each with both of its measurements.
  std::vector<int64_t> Stored() {
    std::vector<int64_t> numbers;
    auto store = SqliteStore::Open({.path = path_});
    EXPECT_TRUE(store.ok()) << store.status();
    if (!store.ok()) return numbers;
    EXPECT_TRUE((*store)
                    ->Read([&](Reader& reader) -> absl::Status {
                      PEGBOX_ASSIGN_OR_RETURN(const auto trials, reader.ListTrials("job", {.limit = 1'000'000}));
                      PEGBOX_ASSIGN_OR_RETURN(const auto rows, reader.ListMeasurements("job", {.limit = 1'000'000}));
                      std::map<int64_t, int> count;
                      for (const TrialMeasurement& row : rows) ++count[row.trial_number];
                      for (const Trial& trial : trials) {
                        EXPECT_EQ(count[trial.id.number], 2) << trial.id.number;
                        numbers.push_back(trial.id.number);
                      }
                      EXPECT_EQ(rows.size(), 2 * trials.size());
                      return absl::OkStatus();
                    })
                    .ok());
    return numbers;
  }

  TempFolder folder_;
  const std::string path_ = folder_.File("pegbox.db");
};

TEST_F(SqliteStoreFaultTest, EveryAcknowledgedWriteSurvivesKill) {
  constexpr int kRounds = 20, kThreads = 4;
  std::mt19937 random(5);
  std::vector<int64_t> acknowledged;
  for (int round = 0; round < kRounds; ++round) {
    Child child([&](int pipe_end) {
      auto store = SqliteStore::Open({.path = path_});
      if (!store.ok() || !PutJob(**store).ok()) _exit(1);
      std::vector<std::thread> threads;
      for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
          for (int64_t i = 0;; ++i) {
            const int64_t number = 1 + (round * kThreads + thread) * int64_t{100'000} + i;
            if (!WriteOne(**store, number).ok()) _exit(2);
            Tell(pipe_end, number);
          }
        });
      }
      threads.front().join();
    });
    const size_t enough = acknowledged.size() + 1 + random() % 120;
    int64_t number = 0;
    while (acknowledged.size() < enough && child.Read(number)) acknowledged.push_back(number);
    child.Kill();
    while (child.Read(number)) acknowledged.push_back(number);
    ASSERT_EQ(child.ExitCode(), -1);
    ASSERT_GE(acknowledged.size(), enough);
    EXPECT_THAT(Stored(), ::testing::IsSupersetOf(acknowledged)) << round;
  }
}

// Killed while the file is being made: the next start takes over.
TEST_F(SqliteStoreFaultTest, KillDuringTheFirstStartLeavesAFolderThatOpens) {
  std::mt19937 random(6);
  for (int round = 0; round < 10; ++round) {
    TempFolder folder;
    const std::string path = folder.File("pegbox.db");
    Child child([&](int pipe_end) {
      Tell(pipe_end, 1);
      auto store = SqliteStore::Open({.path = path});
      Tell(pipe_end, 2);
      pause();
    });
    int64_t number = 0;
    ASSERT_TRUE(child.Read(number));
    for (int spin = 0, spins = static_cast<int>(random() % 3000); spin < spins; ++spin) std::this_thread::yield();
    child.Kill();
    ASSERT_EQ(child.ExitCode(), -1);
    const auto store = SqliteStore::Open({.path = path});
    EXPECT_TRUE(store.ok()) << store.status();
  }
}

// Writes until the store is full, then checks that it lives on. The exit code says which check failed.
int FillUp(const SqliteStore::Options& options, int pipe_end, const std::function<void()>& make_room) {
  auto opened = SqliteStore::Open(options);
  if (!opened.ok() || !PutJob(**opened).ok()) return 1;
  SqliteStore& store = **opened;
  int64_t number = 0;
  absl::Status status;
  while (status.ok()) {
    if (++number > 10'000) return 2;
    status = WriteOne(store, number, 5000);
    if (status.ok()) Tell(pipe_end, number);
  }
  if (!absl::IsResourceExhausted(status)) return 3;
  if (!store.failure().ok()) return 4;
  if (!store.Read([&](Reader& reader) { return reader.GetTrial({"job", number - 1}).status(); }).ok()) return 5;
  if (!absl::IsNotFound(store.Read([&](Reader& reader) { return reader.GetTrial({"job", number}).status(); })))
    return 6;
  if (!make_room) return 0;
  make_room();
  if (!WriteOne(store, number, 5000).ok()) return 7;
  Tell(pipe_end, number);
  return 0;
}

TEST_F(SqliteStoreFaultTest, SizeLimitIsResourceExhaustedAndTheStoreStaysUp) {
  Child child([&](int pipe_end) { _exit(FillUp({.path = path_, .max_bytes = 400'000}, pipe_end, nullptr)); });
  std::vector<int64_t> acknowledged;
  for (int64_t number = 0; child.Read(number);) acknowledged.push_back(number);
  EXPECT_EQ(child.ExitCode(), 0);
  EXPECT_GT(acknowledged.size(), 10u);
  EXPECT_THAT(Stored(), ::testing::ElementsAreArray(acknowledged));
  EXPECT_LE(std::filesystem::file_size(path_), 404'096u);
}

// On a disk of 1 MiB of its own. Where the system lets nobody mount one, a size limit stands in for it.
TEST_F(SqliteStoreFaultTest, FullDiskIsResourceExhaustedUntilThereIsRoom) {
  Child child([&](int pipe_end) {
    const bool has_disk = unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                          mount("none", folder_.path().c_str(), "tmpfs", 0, "size=1m") == 0;
    if (!has_disk) _exit(FillUp({.path = path_, .max_bytes = 400'000}, pipe_end, nullptr));
    _exit(FillUp({.path = path_}, pipe_end,
                 [&] { mount("none", folder_.path().c_str(), "tmpfs", MS_REMOUNT, "size=4m"); }));
  });
  int64_t count = 0;
  for (int64_t number = 0; child.Read(number);) EXPECT_EQ(number, ++count);
  EXPECT_EQ(child.ExitCode(), 0);
  EXPECT_GT(count, 10);
}

// A write error that is not "full", as of a failing disk: here the process may not let a file grow any further.
TEST_F(SqliteStoreFaultTest, FailedWriteEndsAllAcknowledgements) {
  Child child([&](int pipe_end) {
    signal(SIGXFSZ, SIG_IGN);
    auto opened = SqliteStore::Open({.path = path_});
    if (!opened.ok() || !PutJob(**opened).ok()) _exit(1);
    const rlimit limit{600'000, 600'000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(2);
    absl::Status status;
    int64_t number = 0;
    while (status.ok() && number < 1000) {
      status = WriteOne(**opened, ++number, 5000);
      if (status.ok()) Tell(pipe_end, number);
    }
    if (!absl::IsDataLoss(status)) _exit(3);
    if (!absl::IsDataLoss((*opened)->failure())) _exit(4);
    if (!absl::IsDataLoss(WriteOne(**opened, 5000))) _exit(5);
    if (!absl::IsDataLoss((*opened)->Read([](Reader&) { return absl::OkStatus(); }))) _exit(6);
    (*opened)->Close();
    _exit(0);
  });
  std::vector<int64_t> acknowledged;
  for (int64_t number = 0; child.Read(number);) acknowledged.push_back(number);
  EXPECT_EQ(child.ExitCode(), 0);
  EXPECT_GT(acknowledged.size(), 5u);
  EXPECT_THAT(Stored(), ::testing::ElementsAreArray(acknowledged));
}

TEST_F(SqliteStoreFaultTest, LockEndsWithItsProcess) {
  Child child([&](int pipe_end) {
    auto store = SqliteStore::Open({.path = path_});
    Tell(pipe_end, store.ok());
    pause();
  });
  int64_t is_open = 0;
  ASSERT_TRUE(child.Read(is_open));
  ASSERT_EQ(is_open, 1);
  EXPECT_TRUE(absl::IsFailedPrecondition(SqliteStore::Open({.path = path_}).status()));
  child.Kill();
  EXPECT_EQ(child.ExitCode(), -1);
  EXPECT_TRUE(SqliteStore::Open({.path = path_}).ok());
}

}  // namespace
}  // namespace pegbox
