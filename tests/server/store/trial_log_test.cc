#include "server/store/trial_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <thread>
#include <vector>

#include "tests/server/store/temp_folder.h"

namespace pegbox {
namespace {

class TrialLogTest : public ::testing::Test {
 protected:
  int64_t Append(int64_t offset, absl::string_view data) {
    const auto size = log_.Append(kTrial, 1, offset, data);
    EXPECT_TRUE(size.ok()) << size.status();
    return size.value_or(-1);
  }
  std::string Read(int64_t offset, int64_t limit) {
    const auto data = log_.Read(kTrial, 1, offset, limit);
    EXPECT_TRUE(data.ok()) << data.status();
    return data.value_or("");
  }

  const TrialId kTrial = {"job", 1};
  TempFolder folder_;
  TrialLog log_{folder_.File("logs")};
};

TEST_F(TrialLogTest, AppendsInOrder) {
  EXPECT_EQ(Append(0, "one\n"), 4);
  EXPECT_EQ(Append(4, "two\n"), 8);
  EXPECT_EQ(Append(8, ""), 8);
  EXPECT_EQ(Read(0, 100), "one\ntwo\n");
}

TEST_F(TrialLogTest, RepeatedBytesAreSkipped) {
  Append(0, "abcdef");
  EXPECT_EQ(Append(0, "abcdef"), 6);
  EXPECT_EQ(Append(2, "cd"), 6);
  EXPECT_EQ(Append(4, "efgh"), 8);
  EXPECT_EQ(Append(0, "XXXXXXXXij"), 10);
  EXPECT_EQ(Read(0, 100), "abcdefghij");
}

TEST_F(TrialLogTest, BytesBehindAGapAreNotTaken) {
  Append(0, "abc");
  EXPECT_EQ(log_.Append(kTrial, 1, 4, "x").value(), 3);
  EXPECT_EQ(log_.Append(kTrial, 2, 1, "x").value(), 0);
  EXPECT_EQ(Read(0, 100), "abc");
}

TEST_F(TrialLogTest, ReadsPagesUpToTheEnd) {
  Append(0, "abcdef");
  EXPECT_EQ(Read(0, 2), "ab");
  EXPECT_EQ(Read(4, 10), "ef");
  EXPECT_EQ(Read(6, 10), "");
  EXPECT_EQ(Read(1000, 10), "");
  EXPECT_EQ(Read(0, 0), "");
  EXPECT_EQ(Read(0, -1), "");
}

TEST_F(TrialLogTest, AttemptWithoutOutputIsEmpty) {
  EXPECT_EQ(Read(0, 10), "");
  Append(0, "abc");
  EXPECT_EQ(*log_.Read(kTrial, 2, 0, 10), "");
  EXPECT_EQ(*log_.Read({"job", 2}, 1, 0, 10), "");
}

TEST_F(TrialLogTest, AttemptsAndTrialsAreApart) {
  ASSERT_TRUE(log_.Append({"job", 1}, 1, 0, "a").ok());
  ASSERT_TRUE(log_.Append({"job", 1}, 2, 0, "b").ok());
  ASSERT_TRUE(log_.Append({"job", 11}, 1, 0, "c").ok());
  ASSERT_TRUE(log_.Append({"other", 1}, 1, 0, "d").ok());
  EXPECT_EQ(*log_.Read({"job", 1}, 1, 0, 10), "a");
  EXPECT_EQ(*log_.Read({"job", 1}, 2, 0, 10), "b");
  EXPECT_EQ(*log_.Read({"job", 11}, 1, 0, 10), "c");
  EXPECT_EQ(*log_.Read({"other", 1}, 1, 0, 10), "d");
}

TEST_F(TrialLogTest, EveryByteComesBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  Append(0, bytes);
  EXPECT_EQ(Read(0, 1000), bytes);
}

TEST_F(TrialLogTest, FullLogDropsTheRest) {
  const std::string mebibyte(1 << 20, 'x');
  int64_t size = 0;
  while (size < TrialLog::kMaxBytes - static_cast<int64_t>(mebibyte.size())) size = Append(size, mebibyte);
  EXPECT_EQ(Append(size, mebibyte + "tail"), TrialLog::kMaxBytes);
  EXPECT_EQ(Append(TrialLog::kMaxBytes, "more"), TrialLog::kMaxBytes);
  EXPECT_EQ(Append(TrialLog::kMaxBytes + 4, "after what was dropped"), TrialLog::kMaxBytes);
  EXPECT_EQ(Read(TrialLog::kMaxBytes - 2, 10), "xx");
}

TEST_F(TrialLogTest, FilesArePrivate) {
  Append(0, "abc");
  struct stat info;
  ASSERT_EQ(stat(folder_.File("logs/job/1-1.log").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(folder_.File("logs/job").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(TrialLogTest, PlacesOutsideTheFolderAreRejected) {
  for (absl::string_view job : {"..", "../x", "a/b", "", "."}) {
    const TrialId id{std::string(job), 1};
    EXPECT_TRUE(absl::IsInvalidArgument(log_.Append(id, 1, 0, "x").status())) << job;
    EXPECT_TRUE(absl::IsInvalidArgument(log_.Read(id, 1, 0, 1).status())) << job;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(log_.Append({"job", 0}, 1, 0, "x").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(log_.Append(kTrial, 0, 0, "x").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(log_.Append(kTrial, 1, -1, "x").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(log_.Read(kTrial, 1, -1, 1).status()));
}

TEST_F(TrialLogTest, FolderThatCannotBeMadeIsAnError) {
  TrialLog log("/proc/no/such/folder");
  EXPECT_TRUE(absl::IsInternal(log.Append(kTrial, 1, 0, "x").status()));
}

TEST_F(TrialLogTest, AttemptsGrowSideBySide) {
  std::vector<std::thread> threads;
  for (int64_t attempt = 1; attempt <= 4; ++attempt) {
    threads.emplace_back([&, attempt] {
      int64_t size = 0;
      for (int i = 0; i < 200; ++i) size = log_.Append(kTrial, attempt, size, "0123456789").value_or(-1);
      EXPECT_EQ(size, 2000);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int64_t attempt = 1; attempt <= 4; ++attempt) {
    EXPECT_EQ(log_.Read(kTrial, attempt, 0, 10000)->size(), 2000u);
  }
}

}  // namespace
}  // namespace pegbox
