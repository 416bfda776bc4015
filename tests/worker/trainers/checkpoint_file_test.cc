#include "worker/trainers/checkpoint_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker/trainers/scratch_directory.h"

namespace pegbox::trainer {
namespace {

using ::testing::HasSubstr;

TEST(CheckpointFileTest, WritesInAFolderThatIsNotThereYetAndLeavesNoTemporaryFile) {
  const ScratchDirectory scratch;
  const std::string path = scratch.File("a/b/last.pt");
  ASSERT_TRUE(WriteFileAtomically(path, "first").ok());
  ASSERT_TRUE(WriteFileAtomically(path, "second").ok());
  EXPECT_EQ(*ReadWholeFile(path), "second");
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST(CheckpointFileTest, AFailedWriteLeavesTheOldFile) {
  const ScratchDirectory scratch;
  const std::string path = scratch.File("last.pt");
  ASSERT_TRUE(WriteFileAtomically(path, "old").ok());
  std::filesystem::create_directory(path + ".tmp");  // the temporary file cannot be created
  const absl::Status status = WriteFileAtomically(path, "new");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("last.pt.tmp: cannot be created"));
  EXPECT_EQ(*ReadWholeFile(path), "old");
}

TEST(CheckpointFileTest, AFolderThatCannotBeIsUnavailable) {
  const ScratchDirectory scratch;
  ScratchDirectory::Write(scratch.File("file"), "");
  EXPECT_EQ(WriteFileAtomically(scratch.File("file/last.pt"), "x").code(), absl::StatusCode::kUnavailable);
}

TEST(CheckpointFileTest, AMissingFileIsNotFound) {
  const ScratchDirectory scratch;
  EXPECT_EQ(ReadWholeFile(scratch.File("absent")).status().code(), absl::StatusCode::kNotFound);
}

TEST(CheckpointFileTest, SealedPayloadComesBack) {
  const std::string payload("bytes\n\0of any kind", 18);
  EXPECT_EQ(*OpenSealed(SealPayload(payload)), payload);
  EXPECT_EQ(*OpenSealed(SealPayload("")), "");
}

TEST(CheckpointFileTest, EveryFlippedByteAndEveryCutIsDataLoss) {
  const std::string sealed = SealPayload("a payload");
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string flipped = sealed;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x01);
    EXPECT_EQ(OpenSealed(flipped).status().code(), absl::StatusCode::kDataLoss) << i;
    EXPECT_EQ(OpenSealed(sealed.substr(0, i)).status().code(), absl::StatusCode::kDataLoss) << i;
  }
}

}  // namespace
}  // namespace pegbox::trainer
