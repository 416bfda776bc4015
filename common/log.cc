#include "common/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace pegbox {

absl::Status ConfigureLog(absl::string_view program, absl::string_view level, bool json) {
  const std::string name(level);
  const spdlog::level::level_enum parsed = spdlog::level::from_str(name);
  if (parsed == spdlog::level::off && name != "off") {
    return absl::InvalidArgumentError(
        absl::StrCat("log level: must be one of debug, info, warning, error, off; got \"", level, "\""));
  }
  auto logger =
      std::make_shared<spdlog::logger>(std::string(program), std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger->set_level(parsed);
  logger->flush_on(spdlog::level::info);
  logger->set_pattern(json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","program":"%n","event":"%v"})"
                           : "%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %n: %v");
  spdlog::set_default_logger(std::move(logger));
  return absl::OkStatus();
}

}  // namespace pegbox
