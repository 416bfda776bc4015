#include "common/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <ctime>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace pegbox {
namespace {

constexpr char kEventFlag = '*';

// The message on one line, whatever it holds; in JSON also with quotes and backslashes escaped.
class EventFlag : public spdlog::custom_flag_formatter {
 public:
  explicit EventFlag(bool json) : json_(json) {}

  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    std::string text;
    for (const char c : message.payload) Append(c, text);
    out.append(text.data(), text.data() + text.size());
  }

  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override { return std::make_unique<EventFlag>(json_); }

 private:
  void Append(char c, std::string& text) const {
    if (c == '\n') {
      text += "\\n";
    } else if (c == '\t') {
      text += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      absl::StrAppend(&text, "\\u", absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad4));
    } else {
      if (json_ && (c == '"' || c == '\\')) text += '\\';
      text += c;
    }
  }

  const bool json_;
};

}  // namespace

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
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<EventFlag>(kEventFlag, json)
      .set_pattern(json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","program":"%n","event":"%*"})"
                        : "%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %n: %*");
  logger->set_formatter(std::move(formatter));
  spdlog::set_default_logger(std::move(logger));
  return absl::OkStatus();
}

}  // namespace pegbox
