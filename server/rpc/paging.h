// Pages of lists, and the size that any answer keeps below: clients take messages of up to 4 MiB.
#pragma once

#include <google/protobuf/message_lite.h>
#include <google/protobuf/repeated_ptr_field.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pegbox {

// What of a message's size is left. Thread-compatible.
class MessageBudget {
 public:
  // False, and nothing taken: no room is left for `item`. The first item always has room: one fits into a message.
  bool Take(const google::protobuf::MessageLite& item);

 private:
  size_t bytes_left_ = size_t{3} << 20;
  bool is_untouched_ = true;
};

// INVALID_ARGUMENT: not 0 to `max`. `default_size` for 0.
absl::StatusOr<int64_t> PageSize(int32_t page_size, int64_t default_size, int64_t max);

// A token holds where the next page begins. `list` says what is listed, so that a token of another list is found out.
std::string MakePageToken(absl::string_view list, absl::string_view position);
// The position; empty for an empty token, which asks for the first page.
// INVALID_ARGUMENT: not a token that MakePageToken made for this list.
absl::StatusOr<std::string> ParsePageToken(absl::string_view list, absl::string_view token);
// As ParsePageToken, for positions that are counts; 0 for an empty token.
absl::StatusOr<int64_t> ParsePageOffset(absl::string_view list, absl::string_view token);

// Adds items to an empty page until it is full, by count or by size; returns how many were added. `items` holds one
// more than `page_size` when there is a next page.
template <typename Item, typename Proto>
size_t FillPage(const std::vector<Item>& items, int64_t page_size, google::protobuf::RepeatedPtrField<Proto>& page) {
  const size_t limit = std::min(items.size(), static_cast<size_t>(page_size));
  MessageBudget budget;
  for (size_t i = 0; i < limit; ++i) {
    Proto proto = ToProto(items[i]);
    if (!budget.Take(proto)) return i;
    *page.Add() = std::move(proto);
  }
  return limit;
}

}  // namespace pegbox
