#include "worker/trainers/idx_file.h"

#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace pegbox::trainer {
namespace {

constexpr uint8_t kUnsignedByte = 0x08;
constexpr unsigned kReadBufferBytes = 1 << 18;
constexpr int64_t kMaxItems = 10'000'000;
constexpr int64_t kMaxSide = 4096;

struct GzipCloser {
  void operator()(gzFile file) const { gzclose_r(file); }
};

// A file under read, with the errors that name it.
class IdxReader {
 public:
  static absl::StatusOr<IdxReader> Open(const std::string& path, int dimensions) {
    errno = 0;
    IdxReader reader(path, gzopen(path.c_str(), "rb"));
    if (reader.file_ == nullptr) {
      const std::string message = absl::StrCat(path, ": cannot be opened: ", std::strerror(errno),
                                               "; install the package dataset-fashion-mnist or give --data-dir");
      return errno == ENOENT || errno == ENOTDIR ? absl::NotFoundError(message) : absl::UnavailableError(message);
    }
    gzbuffer(reader.file_.get(), kReadBufferBytes);
    PEGBOX_RETURN_IF_ERROR(reader.ReadHeader(dimensions));
    return reader;
  }

  IdxArray& array() { return array_; }

  absl::Status Read(uint8_t* out, int64_t size) {
    while (size > 0) {
      const int got = gzread(file_.get(), out, static_cast<unsigned>(std::min<int64_t>(size, 1 << 24)));
      if (got <= 0) return Damaged();
      out += got;
      size -= got;
    }
    return absl::OkStatus();
  }

  // Read and not gzseek, which cannot tell a seek beyond the end from one within the file.
  absl::Status Skip(int64_t size) {
    skipped_.resize(kReadBufferBytes);
    while (size > 0) {
      const int64_t part = std::min<int64_t>(size, kReadBufferBytes);
      PEGBOX_RETURN_IF_ERROR(Read(skipped_.data(), part));
      size -= part;
    }
    return absl::OkStatus();
  }

 private:
  IdxReader(std::string path, gzFile file) : path_(std::move(path)), file_(file) {}

  absl::Status ReadHeader(int dimensions) {
    std::array<uint8_t, 4> magic;
    PEGBOX_RETURN_IF_ERROR(Read(magic.data(), magic.size()));
    if (magic[0] != 0 || magic[1] != 0 || magic[2] != kUnsignedByte || magic[3] != dimensions) {
      return absl::InvalidArgumentError(absl::StrCat(
          path_, ": must be an IDX file of bytes with ", dimensions, " dimensions (magic 0x0000080", dimensions,
          "); got magic 0x", absl::Hex(magic[0], absl::kZeroPad2), absl::Hex(magic[1], absl::kZeroPad2),
          absl::Hex(magic[2], absl::kZeroPad2), absl::Hex(magic[3], absl::kZeroPad2)));
    }
    for (int dimension = 0; dimension < dimensions; ++dimension) {
      std::array<uint8_t, 4> big_endian;
      PEGBOX_RETURN_IF_ERROR(Read(big_endian.data(), big_endian.size()));
      const int64_t size =
          (int64_t{big_endian[0]} << 24) | (big_endian[1] << 16) | (big_endian[2] << 8) | int64_t{big_endian[3]};
      const int64_t limit = dimension == 0 ? kMaxItems : kMaxSide;
      if (size < 1 || size > limit) {
        return absl::InvalidArgumentError(
            absl::StrCat(path_, ": size of dimension ", dimension, " must be in [1, ", limit, "]; got ", size));
      }
      if (dimension == 0) {
        array_.items_in_file = size;
      } else {
        array_.item_shape.push_back(size);
      }
    }
    return absl::OkStatus();
  }

  absl::Status Damaged() const {
    int code = Z_OK;
    const char* text = gzerror(file_.get(), &code);
    const bool is_truncated = code == Z_OK || code == Z_BUF_ERROR;
    return absl::DataLossError(
        absl::StrCat(path_, is_truncated ? ": is truncated: fewer bytes than its header promises" : ": is damaged: ",
                     is_truncated ? "" : text, "; fetch the file again"));
  }

  std::string path_;
  std::unique_ptr<std::remove_pointer_t<gzFile>, GzipCloser> file_;
  IdxArray array_;
  std::vector<uint8_t> skipped_;
};

absl::Status ReadRows(IdxReader& reader, const std::vector<int64_t>& rows) {
  IdxArray& array = reader.array();
  const int64_t item_size = array.item_size_bytes();
  array.bytes.resize(rows.size() * item_size);
  int64_t next_in_file = 0;
  uint8_t* out = array.bytes.data();
  for (const int64_t row : rows) {
    if (row < next_in_file || row >= array.items_in_file) {
      return absl::InvalidArgumentError(absl::StrCat("rows: must ascend and be less than the file's ",
                                                     array.items_in_file, " items; got ", row, " after ",
                                                     next_in_file - 1));
    }
    PEGBOX_RETURN_IF_ERROR(reader.Skip((row - next_in_file) * item_size));
    PEGBOX_RETURN_IF_ERROR(reader.Read(out, item_size));
    out += item_size;
    next_in_file = row + 1;
  }
  return absl::OkStatus();
}

}  // namespace

int64_t IdxArray::item_size_bytes() const {
  int64_t size = 1;
  for (const int64_t side : item_shape) size *= side;
  return size;
}

absl::StatusOr<IdxArray> ReadIdxFile(const std::string& path, int dimensions,
                                     const std::optional<std::vector<int64_t>>& rows) {
  PEGBOX_ASSIGN_OR_RETURN(IdxReader reader, IdxReader::Open(path, dimensions));
  if (rows.has_value()) {
    PEGBOX_RETURN_IF_ERROR(ReadRows(reader, *rows));
  } else {
    IdxArray& array = reader.array();
    array.bytes.resize(array.items_in_file * array.item_size_bytes());
    PEGBOX_RETURN_IF_ERROR(reader.Read(array.bytes.data(), static_cast<int64_t>(array.bytes.size())));
  }
  return std::move(reader.array());
}

absl::StatusOr<int64_t> CountIdxItems(const std::string& path, int dimensions) {
  PEGBOX_ASSIGN_OR_RETURN(IdxReader reader, IdxReader::Open(path, dimensions));
  return reader.array().items_in_file;
}

}  // namespace pegbox::trainer
