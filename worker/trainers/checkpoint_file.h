// Files that are either the old ones or the new ones, whole, whatever happens in between.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pegbox::trainer {

// Writes beside `path`, syncs, renames over `path` and syncs the folder, which is created when missing.
// UNAVAILABLE: the file system refused; `path` is as it was.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view bytes);

// NOT_FOUND: no such file. UNAVAILABLE: it cannot be read.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

// `payload` behind a line with its CRC-32 and size, because the archive format of LibTorch does not check its bytes.
std::string SealPayload(absl::string_view payload);

// The payload. DATA_LOSS: not sealed by SealPayload, or damaged since.
absl::StatusOr<std::string> OpenSealed(absl::string_view sealed);

}  // namespace pegbox::trainer
