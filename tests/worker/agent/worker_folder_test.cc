#include "worker/agent/worker_folder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/worker/agent/temporary_folder.h"
#include "worker/process/report_socket.h"

namespace pegbox::worker {
namespace {

namespace fs = std::filesystem;

AttemptId JobAttempt(int64_t attempt) { return {.trial = {.job_id = "job", .number = 3}, .number = attempt}; }

mode_t Mode(const std::string& path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0 ? found.st_mode & 0777 : 0;
}

class WorkerFolderTest : public testing::Test {
 protected:
  std::string Data() const { return temporary_.path() + "/a/data"; }
  WorkerFolder Open() const {
    absl::StatusOr<WorkerFolder> folder = WorkerFolder::Open(Data());
    EXPECT_TRUE(folder.ok()) << folder.status();
    return *std::move(folder);
  }

  TemporaryFolder temporary_;
};

TEST_F(WorkerFolderTest, IsLockedForAsLongAsItLives) {
  {
    const WorkerFolder first = Open();
    const auto second = WorkerFolder::Open(Data());
    EXPECT_TRUE(absl::IsFailedPrecondition(second.status())) << second.status();
  }
  EXPECT_TRUE(WorkerFolder::Open(Data()).ok());
}

TEST_F(WorkerFolderTest, IsItsOwnersOnly) {
  const WorkerFolder folder = Open();
  for (const char* name : {"", "/trials", "/checkpoints", "/sockets"}) EXPECT_EQ(Mode(Data() + name), 0700u) << name;
}

TEST_F(WorkerFolderTest, TrialFolderIsFreshAndCheckpointsAreKept) {
  const WorkerFolder folder = Open();
  const auto first = folder.MakeTrialFolder(JobAttempt(1));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->working_directory, Data() + "/trials/job-3-1/work");
  EXPECT_EQ(first->checkpoints, Data() + "/checkpoints/job/3");
  EXPECT_EQ(Mode(first->working_directory), 0700u);
  std::ofstream(first->working_directory + "/scratch") << "x";
  std::ofstream(first->checkpoints + "/model") << "x";
  const auto again = folder.MakeTrialFolder(JobAttempt(1));
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(fs::is_empty(again->working_directory));
  EXPECT_TRUE(fs::exists(again->checkpoints + "/model"));
  const auto next = folder.MakeTrialFolder(JobAttempt(2));
  ASSERT_TRUE(next.ok());
  EXPECT_NE(next->working_directory, first->working_directory);
  EXPECT_EQ(next->checkpoints, first->checkpoints);
}

TEST_F(WorkerFolderTest, CleaningUpNeverFollowsALink) {
  const WorkerFolder folder = Open();
  const std::string outside = temporary_.path() + "/outside";
  fs::create_directory(outside);
  std::ofstream(outside + "/precious") << "x";
  const auto paths = folder.MakeTrialFolder(JobAttempt(1));
  ASSERT_TRUE(paths.ok());
  fs::create_directory_symlink(outside, paths->working_directory + "/link");
  ASSERT_TRUE(folder.MakeTrialFolder(JobAttempt(1)).ok());
  EXPECT_TRUE(fs::exists(outside + "/precious"));
}

TEST_F(WorkerFolderTest, OldTrialsAreRemovedAndTheirCheckpointsKept) {
  const WorkerFolder folder = Open();
  const auto old_trial = folder.MakeTrialFolder(JobAttempt(1));
  const auto new_trial = folder.MakeTrialFolder(JobAttempt(2));
  ASSERT_TRUE(old_trial.ok() && new_trial.ok());
  const fs::file_time_type now = fs::file_time_type::clock::now();
  fs::last_write_time(Data() + "/trials/job-3-1", now - std::chrono::hours(8 * 24));
  EXPECT_EQ(folder.RemoveOldTrials(absl::Now()), 1u);
  EXPECT_FALSE(fs::exists(old_trial->working_directory));
  EXPECT_TRUE(fs::exists(new_trial->working_directory));
  EXPECT_TRUE(fs::exists(old_trial->checkpoints));
}

TEST_F(WorkerFolderTest, OnlyTheNewestThousandTrialsAreKept) {
  const WorkerFolder folder = Open();
  const fs::file_time_type now = fs::file_time_type::clock::now();
  for (int i = 0; i < 1003; ++i) {
    const std::string path = absl::StrCat(Data(), "/trials/job-", i, "-1");
    fs::create_directory(path);
    fs::last_write_time(path, now - std::chrono::minutes(i));
  }
  EXPECT_EQ(folder.RemoveOldTrials(absl::Now()), 3u);
  EXPECT_TRUE(fs::exists(Data() + "/trials/job-999-1"));
  EXPECT_FALSE(fs::exists(Data() + "/trials/job-1000-1"));
}

TEST_F(WorkerFolderTest, SocketPathsFitWhateverTheFolderIsCalled) {
  EXPECT_EQ(Open().SocketPath(7), Data() + "/sockets/7");
  std::string temporary_socket;
  {
    const auto folder = WorkerFolder::Open(temporary_.path() + "/" + std::string(100, 'x'));
    ASSERT_TRUE(folder.ok()) << folder.status();
    temporary_socket = folder->SocketPath(1023);
    EXPECT_LE(temporary_socket.size(), kMaxSocketPathBytes);
    EXPECT_TRUE(absl::StartsWith(temporary_socket, "/tmp/pegbox-"));
    EXPECT_EQ(Mode(fs::path(temporary_socket).parent_path().string()), 0700u);
  }
  EXPECT_FALSE(fs::exists(fs::path(temporary_socket).parent_path()));
}

TEST_F(WorkerFolderTest, FolderThatCannotBeMadeIsNamed) {
  std::ofstream(temporary_.path() + "/file") << "x";
  const auto folder = WorkerFolder::Open(temporary_.path() + "/file/data");
  EXPECT_FALSE(folder.ok());
  EXPECT_THAT(std::string(folder.status().message()), ::testing::HasSubstr(temporary_.path() + "/file/data"));
}

}  // namespace
}  // namespace pegbox::worker
