// The one form of errors about a request: "field: rule; got seen; how to mend it".
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pegbox {

// INVALID_ARGUMENT. `seen` is left out when empty.
absl::Status InvalidArgument(absl::string_view field, absl::string_view rule, absl::string_view seen,
                             absl::string_view mend);

// The text in quotes, fit for a terminal and a log: control characters escaped, long texts cut.
std::string Quoted(absl::string_view text);

}  // namespace pegbox
