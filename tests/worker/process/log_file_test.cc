#include "worker/process/log_file.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "absl/strings/match.h"
#include "tests/worker/process/process_fixture.h"

namespace pegbox::worker {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using LogFileTest = ProcessTest;

constexpr int64_t kLimitBytes = 60000;

LogFile Open(const std::string& path) {
  auto log = LogFile::Open(path, kLimitBytes);
  EXPECT_TRUE(log.ok()) << log.status();
  return *std::move(log);
}

// Numbered lines of 10 bytes each.
std::string Lines(int begin, int end) {
  std::string text;
  for (int i = begin; i < end; ++i) absl::StrAppend(&text, absl::Dec(i, absl::kZeroPad9), "\n");
  return text;
}

int64_t BytesIn(const std::string& folder) {
  int64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) bytes += entry.file_size();
  return bytes;
}

TEST_F(LogFileTest, UpToFiveSixthsOfTheLimitNothingIsLeftOut) {
  LogFile log = Open(Path("log"));
  const std::string text = Lines(0, 4980);
  for (size_t i = 0; i < text.size(); i += 777) log.Append(absl::string_view(text).substr(i, 777));
  log.Close();
  EXPECT_TRUE(ReadFile(Path("log")) == text);
  EXPECT_EQ(log.left_out_bytes(), 0);
  EXPECT_EQ(BytesIn(folder_), static_cast<int64_t>(text.size()));  // and no other file is left
}

TEST_F(LogFileTest, LongLogKeepsHeadAndTailAndSaysWhatIsMissing) {
  for (const size_t chunk_bytes : {100, 777, 25000, 1000000}) {
    LogFile log = Open(Path("log"));
    const std::string text = Lines(0, 100000);
    for (size_t i = 0; i < text.size(); i += chunk_bytes) {
      log.Append(absl::string_view(text).substr(i, chunk_bytes));
      if (i % 7 == 0) {
        ASSERT_LE(BytesIn(folder_), kLimitBytes);
      }
    }
    log.Close();
    const std::string kept = ReadFile(Path("log"));
    EXPECT_LE(kept.size(), kLimitBytes);
    EXPECT_THAT(kept.substr(0, 40), StartsWith(Lines(0, 3)));
    EXPECT_THAT(kept.substr(kept.size() - 10000), EndsWith(Lines(99000, 100000)));
    const std::string marker = absl::StrCat("\n[pegbox: ", log.left_out_bytes(), " bytes left out here]\n");
    EXPECT_TRUE(absl::StrContains(kept, marker));
    EXPECT_EQ(kept.size() - marker.size() + log.left_out_bytes(), text.size());
    EXPECT_EQ(log.total_bytes(), static_cast<int64_t>(text.size()));
    EXPECT_TRUE(log.status().ok());
  }
}

TEST_F(LogFileTest, NewLogTakesThePlaceOfAnOldOneAndOfItsParts) {
  for (const char* name : {"log", "log.tail0", "log.tail1"}) std::ofstream(Path(name)) << "old";
  LogFile log = Open(Path("log"));
  log.Append("new");
  log.Close();
  EXPECT_EQ(ReadFile(Path("log")), "new");
  EXPECT_EQ(BytesIn(folder_), 3);
}

TEST_F(LogFileTest, LogIsPrivateAndNeverGoesThroughALink) {
  Open(Path("log")).Close();
  struct stat found = {};
  ASSERT_EQ(stat(Path("log").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600);
  std::ofstream(Path("victim")) << "precious";
  std::filesystem::create_symlink(Path("victim"), Path("link"));
  EXPECT_FALSE(LogFile::Open(Path("link"), kLimitBytes).ok());
  EXPECT_EQ(ReadFile(Path("victim")), "precious");
}

TEST_F(LogFileTest, TooSmallALimitIsRejected) {
  EXPECT_TRUE(LogFile::Open(Path("log"), LogFile::kMinLimitBytes).ok());
  EXPECT_THAT(std::string(LogFile::Open(Path("log"), LogFile::kMinLimitBytes - 1).status().message()),
              HasSubstr("log_limit_bytes: must be at least 4096; got 4095"));
}

}  // namespace
}  // namespace pegbox::worker
