#include "server/search/searcher.h"

namespace pegbox {

bool Searcher::IsFitDue(const SearchSnapshot&) const { return false; }

absl::StatusOr<SurrogateFit> Searcher::Fit(const SearchSnapshot&) const {
  return absl::FailedPreconditionError("this search has no surrogate");
}

std::optional<int64_t> Searcher::Recommend(const SearchSnapshot&) const { return std::nullopt; }

}  // namespace pegbox
