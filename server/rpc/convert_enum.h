// What to answer when an enum has no meaning here: it is unspecified where a choice is required, or its number is
// unknown to this version.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/domain/invalid_argument.h"

namespace pegbox {

// `choices` names those that there are.
inline absl::Status BadEnum(absl::string_view field, absl::string_view choices, int seen) {
  return InvalidArgument(field, absl::StrCat("must be ", choices), seen == 0 ? "none" : absl::StrCat(seen),
                         "choose one of these");
}

}  // namespace pegbox
