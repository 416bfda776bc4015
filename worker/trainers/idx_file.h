// Reads IDX files of bytes (the format of MNIST and Fashion-MNIST), gzip-compressed or plain. Knows nothing of
// training.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pegbox::trainer {

struct IdxArray {
  std::vector<int64_t> item_shape;  // e.g. {28, 28}; empty for labels
  int64_t items_in_file = 0;
  std::vector<uint8_t> bytes;  // the items read, one after the other

  int64_t item_size_bytes() const;
};

// Reads the items at `rows` (ascending, no repeats), or all of them, of an array of `dimensions` dimensions. Only as
// much as the last row needs is decompressed.
// NOT_FOUND: no such file. INVALID_ARGUMENT: not an IDX file of bytes with that many dimensions, or a row beyond its
// end. DATA_LOSS: truncated or damaged.
absl::StatusOr<IdxArray> ReadIdxFile(const std::string& path, int dimensions,
                                     const std::optional<std::vector<int64_t>>& rows = std::nullopt);

// The number of items that the header of the file promises. Errors as above.
absl::StatusOr<int64_t> CountIdxItems(const std::string& path, int dimensions);

}  // namespace pegbox::trainer
