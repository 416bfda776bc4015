#include "worker/trainers/idx_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker/trainers/idx_writer.h"
#include "tests/worker/trainers/scratch_directory.h"

namespace pegbox::trainer {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class IdxFileTest : public ::testing::Test {
 protected:
  // Three images of 2 x 2 pixels with the values 1 ... 12.
  static std::string ThreeImages() {
    std::string bytes = IdxHeader({3, 2, 2});
    for (char pixel = 1; pixel <= 12; ++pixel) bytes.push_back(pixel);
    return bytes;
  }

  std::string MessageFor(int dimensions, const std::optional<std::vector<int64_t>>& rows = std::nullopt) {
    return std::string(ReadIdxFile(path_, dimensions, rows).status().message());
  }

  const ScratchDirectory scratch_;
  const std::string path_ = scratch_.File("images.gz");
};

TEST_F(IdxFileTest, ReadsAllItemsOfACompressedFile) {
  WriteGzip(path_, ThreeImages());
  const auto array = ReadIdxFile(path_, 3);
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_EQ(array->items_in_file, 3);
  EXPECT_THAT(array->item_shape, ElementsAre(2, 2));
  EXPECT_THAT(array->bytes, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
}

TEST_F(IdxFileTest, ReadsAPlainFileToo) {
  ScratchDirectory::Write(path_, ThreeImages());
  const auto array = ReadIdxFile(path_, 3);
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_EQ(array->bytes.size(), 12u);
}

TEST_F(IdxFileTest, ReadsOnlyTheRowsAskedFor) {
  WriteGzip(path_, ThreeImages());
  const auto array = ReadIdxFile(path_, 3, std::vector<int64_t>{0, 2});
  ASSERT_TRUE(array.ok()) << array.status();
  EXPECT_THAT(array->bytes, ElementsAre(1, 2, 3, 4, 9, 10, 11, 12));
  EXPECT_EQ(array->items_in_file, 3);
}

TEST_F(IdxFileTest, RowsMustAscendWithinTheFile) {
  WriteGzip(path_, ThreeImages());
  EXPECT_THAT(MessageFor(3, std::vector<int64_t>{0, 3}), HasSubstr("less than the file's 3 items; got 3"));
  EXPECT_THAT(MessageFor(3, std::vector<int64_t>{1, 1}), HasSubstr("rows: must ascend"));
}

TEST_F(IdxFileTest, MissingFileIsNotFoundAndSaysHowToMendIt) {
  const auto array = ReadIdxFile(scratch_.File("absent.gz"), 3);
  EXPECT_EQ(array.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(array.status().message()), AllOf(HasSubstr("absent.gz"), HasSubstr("--data-dir")));
}

TEST_F(IdxFileTest, BadMagicIsAnErrorThatShowsIt) {
  WriteGzip(path_, "PK\x03\x04 not an idx file");
  const auto array = ReadIdxFile(path_, 3);
  EXPECT_EQ(array.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(array.status().message()), HasSubstr("got magic 0x504b0304"));
}

TEST_F(IdxFileTest, LabelsInPlaceOfImagesAreABadMagic) {
  WriteGzip(path_, IdxHeader({3}) + "\1\2\3");
  EXPECT_THAT(MessageFor(3), HasSubstr("with 3 dimensions (magic 0x00000803); got magic 0x00000801"));
}

TEST_F(IdxFileTest, AbsurdSizesAreRefusedBeforeMemoryIsTaken) {
  WriteGzip(path_, IdxHeader({0xFFFFFFFF, 28, 28}));
  EXPECT_THAT(MessageFor(3), HasSubstr("dimension 0 must be in [1, 10000000]; got 4294967295"));
  WriteGzip(path_, IdxHeader({1, 0, 28}));
  EXPECT_THAT(MessageFor(3), HasSubstr("dimension 1 must be in [1, 4096]; got 0"));
}

TEST_F(IdxFileTest, FewerItemsThanPromisedIsTruncated) {
  WriteGzip(path_, ThreeImages().substr(0, 20));
  const auto array = ReadIdxFile(path_, 3);
  EXPECT_EQ(array.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(array.status().message()), HasSubstr("is truncated"));
}

TEST_F(IdxFileTest, ACutGzipStreamIsTruncated) {
  std::string bytes = IdxHeader({4096, 1});
  for (int i = 0; i < 4096; ++i) bytes.push_back(static_cast<char>(i * 7919 >> 3));
  WriteGzip(path_, bytes);
  const std::string whole = ScratchDirectory::Read(path_);
  ScratchDirectory::Write(path_, whole.substr(0, whole.size() / 2));
  EXPECT_EQ(ReadIdxFile(path_, 2).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(IdxFileTest, ADamagedGzipStreamIsTold) {
  WriteGzip(path_, IdxHeader({4096, 1}) + std::string(4096, 'x'));
  std::string bytes = ScratchDirectory::Read(path_);
  bytes[12] = static_cast<char>(bytes[12] ^ 0xFF);
  ScratchDirectory::Write(path_, bytes);
  EXPECT_EQ(ReadIdxFile(path_, 2).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(IdxFileTest, AnEmptyFileIsTruncated) {
  ScratchDirectory::Write(path_, "");
  EXPECT_EQ(ReadIdxFile(path_, 3).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace pegbox::trainer
