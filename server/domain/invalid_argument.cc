#include "server/domain/invalid_argument.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace pegbox {

absl::Status InvalidArgument(absl::string_view field, absl::string_view rule, absl::string_view seen,
                             absl::string_view mend) {
  return absl::InvalidArgumentError(
      absl::StrCat(field, ": ", rule, seen.empty() ? "" : "; got ", seen, mend.empty() ? "" : "; ", mend));
}

std::string Quoted(absl::string_view text) {
  constexpr size_t kMaxShown = 200;
  return absl::StrCat("\"", absl::Utf8SafeCHexEscape(text.substr(0, kMaxShown)),
                      text.size() > kMaxShown ? "...\"" : "\"");
}

}  // namespace pegbox
