#include "worker/agent/log_text.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

namespace pegbox::worker {
namespace {

// Bytes that are not UTF-8 become U+FFFD.
std::string ToUtf8(const std::string& bytes) {
  const std::string quoted = nlohmann::json(bytes).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return nlohmann::json::parse(quoted).get<std::string>();
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

std::string LastLine(absl::string_view output, size_t max_bytes) {
  std::string line;
  for (const absl::string_view part : absl::StrSplit(output, absl::ByAnyChar("\r\n"))) {
    const absl::string_view stripped = absl::StripAsciiWhitespace(part);
    if (!stripped.empty()) line = std::string(stripped.substr(0, max_bytes));
  }
  for (char& c : line) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  line = ToUtf8(line);
  if (line.size() <= max_bytes) return line;
  size_t end = max_bytes;
  while (end > 0 && IsContinuation(line[end])) --end;
  return line.substr(0, end);
}

}  // namespace pegbox::worker
