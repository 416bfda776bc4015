// The file that tells other programs of this machine where the server is.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pegbox {

// Readers see the whole address or the file as it was. FAILED_PRECONDITION: the file cannot be written.
absl::Status WriteAddressFile(const std::string& path, absl::string_view address);

// Removes the file, unless another server has written it since.
void RemoveAddressFile(const std::string& path, absl::string_view address);

}  // namespace pegbox
