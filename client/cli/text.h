// Text for people: quoting, widths on a terminal, the nearest of the known words.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pegbox::cli {

bool IsValidUtf8(absl::string_view text);

// `text` with control characters escaped, so that it cannot steer a terminal.
std::string Printable(absl::string_view text);

// `text` printable, in double quotes, cut to `max_bytes` with "..." behind.
std::string Quoted(absl::string_view text, size_t max_bytes);

// Columns that `text` takes on a terminal: one a code point, none for escape sequences that set colours.
size_t DisplayWidth(absl::string_view text);

// `text` cut to `width` columns, "…" as the last one when something was cut. Keeps escape sequences that set colours.
std::string FitWidth(absl::string_view text, size_t width);

// The word of `known` that `word` is most likely meant to be; empty when none is near. Letter case, "-" and "_" do not
// count; of the rest up to a third of the letters (at least 1, at most 3) may differ, each insertion, deletion,
// replacement or swap of neighbours counting 1 (optimal string alignment distance).
std::string Nearest(absl::string_view word, const std::vector<std::string>& known);

}  // namespace pegbox::cli
