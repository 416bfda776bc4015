#include "server/rpc/paging.h"

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"

namespace pegbox {
namespace {

constexpr size_t kItemOverheadBytes = 8;  // tag and length
constexpr size_t kChecksumLength = 16;    // hexadecimal digits

// FNV-1a. Against mistakes, not against malice: a token gives nobody what the list itself would not.
std::string Checksum(absl::string_view list, absl::string_view position) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : absl::StrCat("1\n", list, "\n", position)) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return absl::StrCat(absl::Hex(hash, absl::kZeroPad16));
}

absl::Status BadToken(absl::string_view token) {
  return InvalidArgument("page_token", "must be the next_page_token of the page before, of the same list",
                         Quoted(token), "leave it empty for the first page");
}

}  // namespace

bool MessageBudget::Take(const google::protobuf::MessageLite& item) {
  const size_t bytes = item.ByteSizeLong() + kItemOverheadBytes;
  if (bytes > bytes_left_ && !is_untouched_) return false;
  bytes_left_ -= std::min(bytes, bytes_left_);
  is_untouched_ = false;
  return true;
}

absl::StatusOr<int64_t> PageSize(int32_t page_size, int64_t default_size, int64_t max) {
  if (page_size == 0) return default_size;
  if (page_size > 0 && page_size <= max) return page_size;
  return InvalidArgument("page_size", absl::StrCat("must be 0 to ", max), absl::StrCat(page_size),
                         absl::StrCat("leave it 0 for ", default_size));
}

std::string MakePageToken(absl::string_view list, absl::string_view position) {
  return absl::WebSafeBase64Escape(absl::StrCat(Checksum(list, position), position));
}

absl::StatusOr<std::string> ParsePageToken(absl::string_view list, absl::string_view token) {
  if (token.empty()) return std::string();
  std::string content;
  if (!absl::WebSafeBase64Unescape(token, &content) || content.size() <= kChecksumLength) return BadToken(token);
  const absl::string_view position = absl::string_view(content).substr(kChecksumLength);
  if (absl::string_view(content).substr(0, kChecksumLength) != Checksum(list, position)) return BadToken(token);
  return std::string(position);
}

absl::StatusOr<int64_t> ParsePageOffset(absl::string_view list, absl::string_view token) {
  PEGBOX_ASSIGN_OR_RETURN(const std::string position, ParsePageToken(list, token));
  if (position.empty()) return 0;
  int64_t offset = 0;
  if (!absl::SimpleAtoi(position, &offset) || offset < 1) return BadToken(token);
  return offset;
}

}  // namespace pegbox
