// One line an event: a past verb phrase, then keys. `Log()->info("trial leased trial={} attempt={}", ...)`.
// Never secrets; never parameter values above debug level.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pegbox {

// The process's logger; writes to standard error. Thread-safe.
inline spdlog::logger* Log() { return spdlog::default_logger_raw(); }

// Sends the log to standard error. `level` is one of debug, info, warning, error; `json` writes one JSON object a line.
// INVALID_ARGUMENT: no such level.
absl::Status ConfigureLog(absl::string_view program, absl::string_view level, bool json);

}  // namespace pegbox

template <>
struct fmt::formatter<absl::string_view> : fmt::formatter<fmt::string_view> {
  template <typename Context>
  auto format(absl::string_view text, Context& context) const {
    return fmt::formatter<fmt::string_view>::format({text.data(), text.size()}, context);
  }
};
