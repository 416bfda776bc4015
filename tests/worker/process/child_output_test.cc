// What becomes of what a trial prints.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <atomic>

#include "absl/time/clock.h"
#include "tests/worker/process/process_fixture.h"

namespace pegbox::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

using ChildOutputTest = ProcessTest;

TEST_F(ChildOutputTest, BothStreamsGoToTheLogAndToTheCallback) {
  Run(Shell("echo out; echo err >&2; printf last"));
  EXPECT_THAT(lines_.lines(), ElementsAre("out", "err", "last"));
  EXPECT_EQ(ReadFile(Path("trial.log")), "out\nerr\nlast");
}

TEST_F(ChildOutputTest, BinaryOutputIsKeptByteForByte) {
  std::string bytes;
  for (int i = 0; i < 1'000'000; ++i) bytes.push_back(static_cast<char>((i * 2654435761u) >> 24));
  std::ofstream(Path("input"), std::ios::binary) << bytes;
  const auto process = Start(Spec({"cat", "input"}));
  ASSERT_TRUE(process->Wait(kPatience).has_value());
  EXPECT_TRUE(ReadFile(Path("trial.log")) == bytes);
  EXPECT_TRUE(process->LogTail() == bytes.substr(bytes.size() - 65536));
  EXPECT_EQ(process->log_summary().total_bytes, 1'000'000);
  EXPECT_EQ(process->log_summary().left_out_bytes, 0);
}

TEST_F(ChildOutputTest, TrialThatClosesItsOutputRunsOn) {
  EXPECT_EQ(Run(Shell("exec >&- 2>&-; sleep 0.1; exit 3")).status.code, 3);
}

TEST_F(ChildOutputTest, EndlessLineIsCutAndWhatComesAfterItIsDelivered) {
  ProcessSpec spec = Shell("head -c 30000000 /dev/zero | tr '\\0' x; echo; echo loss=1");
  spec.log_limit_bytes = 1 << 20;
  const auto process = Start(std::move(spec));
  ASSERT_TRUE(process->Wait(kPatience).has_value());
  const std::vector<std::string> lines = lines_.lines();
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0], std::string(kMaxLogLineBytes, 'x'));
  EXPECT_EQ(lines[1], "loss=1");
  EXPECT_EQ(process->log_summary().truncated_lines, 1);
  EXPECT_EQ(process->log_summary().total_bytes, 30000008);
  EXPECT_THAT(process->LogTail(), EndsWith("x\nloss=1\n"));
  const std::string log = ReadFile(Path("trial.log"));
  EXPECT_LE(log.size(), 1 << 20);
  EXPECT_GE(log.size(), (1 << 20) * 2 / 3 - 256);
  EXPECT_THAT(log, EndsWith("x\nloss=1\n"));
}

TEST_F(ChildOutputTest, FloodStaysWithinItsDiskAndCpuAndTheTrialCanBeEnded) {
  std::atomic<int64_t> line_count = 0;
  ProcessSpec spec = Spec({"yes"});
  spec.log_limit_bytes = 1 << 20;
  rusage before = {};
  getrusage(RUSAGE_SELF, &before);
  const absl::Time start = absl::Now();
  auto process = ChildProcess::Start(std::move(spec), {.on_line = [&](absl::string_view) { ++line_count; }});
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_FALSE((*process)->Wait(absl::Milliseconds(1500)).has_value());
  int64_t size_on_disk = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) size_on_disk += entry.file_size();
  (*process)->Kill();
  ASSERT_TRUE((*process)->Wait(kPatience).has_value());
  const absl::Duration wall = absl::Now() - start;
  rusage after = {};
  getrusage(RUSAGE_SELF, &after);
  const auto cpu = [](const rusage& usage) {
    return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
  };
  // The share is 0.4 and 100 ms are free.
  EXPECT_LT(cpu(after) - cpu(before), 0.4 * wall + absl::Milliseconds(200));
  EXPECT_GT(line_count, 1'000'000);
  EXPECT_LE(size_on_disk, 1 << 20);
  const std::string log = ReadFile(Path("trial.log"));
  EXPECT_LE(log.size(), 1 << 20);
  EXPECT_THAT(log.substr(0, 100), StartsWith("y\ny\n"));
  EXPECT_THAT(log, HasSubstr("bytes left out here]"));
}

TEST_F(ChildOutputTest, SlowCallbackHoldsTheTrialBackAndLosesNothing) {
  absl::Mutex gate;
  gate.Lock();
  std::atomic<int> line_count = 0;
  auto process =
      ChildProcess::Start(Shell("i=0; while [ $i -lt 30000 ]; do echo 'a line of forty bytes or so is here'; "
                                "i=$((i+1)); done"),
                          {.on_line = [&](absl::string_view) {
                            absl::MutexLock lock(&gate);
                            ++line_count;
                          }});
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_FALSE((*process)->Wait(absl::Milliseconds(100)).has_value());
  gate.Unlock();
  const auto end = (*process)->Wait(kPatience);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->status, ExitStatus{});
  EXPECT_EQ(line_count, 30000);
}

TEST_F(ChildOutputTest, FullDiskLosesLogBytesButNoLine) {
  // /dev/full answers every write with ENOSPC.
  ProcessSpec spec = Shell("echo loss=1; exit 2");
  spec.log_path = "/dev/full";
  const auto process = Start(std::move(spec));
  const auto end = process->Wait(kPatience);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->status.code, 2);
  EXPECT_EQ(process->log_summary().status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(lines_.lines(), ElementsAre("loss=1"));
  EXPECT_EQ(process->LogTail(), "loss=1\n");
}

}  // namespace
}  // namespace pegbox::worker
