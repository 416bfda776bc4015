// What of a trial's output is fit to be shown in a sentence. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace pegbox::worker {

// The last line of `output` that is not blank, trimmed, at most `max_bytes`: valid UTF-8 whatever the output is, and
// without control characters. Empty when there is no such line.
std::string LastLine(absl::string_view output, size_t max_bytes);

}  // namespace pegbox::worker
