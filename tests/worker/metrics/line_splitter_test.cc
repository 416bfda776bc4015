#include "worker/metrics/line_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pegbox::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// All the lines of `text`, fed in chunks of `chunk_bytes`.
std::vector<std::string> Split(LineSplitter& splitter, absl::string_view text, size_t chunk_bytes) {
  std::vector<std::string> lines;
  const auto add = [&](absl::string_view line) { lines.emplace_back(line); };
  for (size_t i = 0; i < text.size(); i += chunk_bytes) splitter.Feed(text.substr(i, chunk_bytes), add);
  splitter.Finish(add);
  return lines;
}

TEST(LineSplitterTest, EveryKindOfLineEndInChunksOfAnySize) {
  const absl::string_view text = "one\ntwo\r\nthree\rfour\n\nsix\r\r\nlast";
  for (size_t chunk_bytes = 1; chunk_bytes <= text.size(); ++chunk_bytes) {
    LineSplitter splitter;
    EXPECT_THAT(Split(splitter, text, chunk_bytes), ElementsAre("one", "two", "three", "four", "", "six", "", "last"))
        << chunk_bytes;
    EXPECT_EQ(splitter.dropped_bytes(), 0);
  }
}

TEST(LineSplitterTest, ProgressBarGivesEachOfItsStates) {
  LineSplitter splitter;
  EXPECT_THAT(Split(splitter, "10%\r50%\r100%\n", 3), ElementsAre("10%", "50%", "100%"));
}

TEST(LineSplitterTest, LongLineIsCutAndCountedWhateverTheChunk) {
  for (const size_t chunk_bytes : {1, 7, 8, 9, 1000}) {
    LineSplitter splitter(8);
    EXPECT_THAT(Split(splitter, "12345678\n123456789abc\nshort\n", chunk_bytes),
                ElementsAre("12345678", "12345678", "short"));
    EXPECT_EQ(splitter.dropped_bytes(), 4);
    EXPECT_EQ(splitter.truncated_lines(), 1);
  }
}

TEST(LineSplitterTest, EndlessLineIsHandedOnCutAtTheEnd) {
  LineSplitter splitter;
  const std::string chunk(1 << 20, 'x');
  std::vector<std::string> lines;
  const auto add = [&](absl::string_view line) { lines.emplace_back(line); };
  for (int i = 0; i < 64; ++i) splitter.Feed(chunk, add);
  EXPECT_THAT(lines, IsEmpty());
  splitter.Finish(add);
  EXPECT_THAT(lines, ElementsAre(std::string(kMaxLogLineBytes, 'x')));
  EXPECT_EQ(splitter.dropped_bytes(), (int64_t{64} << 20) - static_cast<int64_t>(kMaxLogLineBytes));
}

TEST(LineSplitterTest, AnyBytesAreHandedOnAsTheyCame) {
  std::string bytes;
  for (int c = 0; c < 256; ++c) {
    if (c != '\n' && c != '\r') bytes.push_back(static_cast<char>(c));
  }
  LineSplitter splitter;
  EXPECT_THAT(Split(splitter, bytes + "\n" + bytes, 5), ElementsAre(bytes, bytes));
}

TEST(LineSplitterTest, FinishedSplitterStartsAnew) {
  LineSplitter splitter;
  EXPECT_THAT(Split(splitter, "a\r", 2), ElementsAre("a"));
  EXPECT_THAT(Split(splitter, "\nb", 2), ElementsAre("", "b"));
  EXPECT_THAT(Split(splitter, "", 2), IsEmpty());
}

}  // namespace
}  // namespace pegbox::worker
