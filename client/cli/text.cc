#include "client/cli/text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace pegbox::cli {
namespace {

constexpr char kEscape = '\x1b';

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Bytes of the UTF-8 sequence that `lead` opens; 0 when nothing valid opens so.
size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

// Overlong forms, surrogates and what lies past U+10FFFF all show in the second byte.
bool IsSecondByteAllowed(unsigned char lead, unsigned char second) {
  switch (lead) {
    case 0xE0:
      return second >= 0xA0;
    case 0xED:
      return second < 0xA0;
    case 0xF0:
      return second >= 0x90;
    case 0xF4:
      return second < 0x90;
    default:
      return true;
  }
}

// Bytes of the escape sequence "ESC [ ... m" at the start of `text`; 0 when there is none.
size_t ColorSequenceLength(absl::string_view text) {
  if (text.size() < 3 || text[0] != kEscape || text[1] != '[') return 0;
  const size_t end = text.find_first_not_of("0123456789;", 2);
  return end != absl::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

std::string Normalized(absl::string_view word) {
  std::string plain;
  for (const char c : word) {
    if (c != '-' && c != '_') plain.push_back(absl::ascii_tolower(c));
  }
  return plain;
}

size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({replaced, d[i - 1][j] + 1, d[i][j - 1] + 1});
      const bool is_swap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

bool IsValidUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = SequenceLength(text[i]);
    if (length == 0 || i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if (!IsContinuation(text[i + k])) return false;
    }
    if (length > 1 && !IsSecondByteAllowed(text[i], text[i + 1])) return false;
    i += length;
  }
  return true;
}

std::string Printable(absl::string_view text) {
  std::string printable;
  for (const char c : text) {
    const unsigned char byte = c;
    if (byte >= 0x20 && byte != 0x7F) {
      printable.push_back(c);
    } else {
      absl::StrAppend(&printable, c == '\n'   ? "\\n"
                                  : c == '\t' ? "\\t"
                                              : absl::StrCat("\\x", absl::Hex(byte, absl::kZeroPad2)));
    }
  }
  return printable;
}

std::string Quoted(absl::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return absl::StrCat("\"", Printable(text), "\"");
  while (max_bytes > 0 && IsContinuation(text[max_bytes])) --max_bytes;
  return absl::StrCat("\"", Printable(text.substr(0, max_bytes)), "...\"");
}

size_t DisplayWidth(absl::string_view text) {
  size_t width = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t color = ColorSequenceLength(text.substr(i));
    if (color == 0 && !IsContinuation(text[i])) ++width;
    i += std::max<size_t>(color, 1);
  }
  return width;
}

std::string FitWidth(absl::string_view text, size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  std::string fitted;
  size_t used = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t color = ColorSequenceLength(text.substr(i));
    if (color > 0) {
      absl::StrAppend(&fitted, text.substr(i, color));
      i += color;
      continue;
    }
    if (!IsContinuation(text[i])) {
      ++used;
      if (used == width) fitted += "…";
    }
    if (used < width) fitted.push_back(text[i]);
    ++i;
  }
  return fitted;
}

std::string Nearest(absl::string_view word, const std::vector<std::string>& known) {
  if (word.size() > 64) return "";
  const std::string plain = Normalized(word);
  std::string nearest;
  size_t least = std::clamp<size_t>(plain.size() / 3, 1, 3) + 1;
  for (const std::string& candidate : known) {
    const size_t distance = EditDistance(plain, Normalized(candidate));
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

}  // namespace pegbox::cli
