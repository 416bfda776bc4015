// A scrambled Sobol sequence over the unit cube, one point for each trial number: spread more evenly than random
// points.
#pragma once

#include <vector>

#include "server/search/searcher.h"

namespace pegbox {

class SobolSearcher : public Searcher {
 public:
  absl::StatusOr<std::vector<Suggestion>> Suggest(const SearchSnapshot& snapshot, int count) override;
};

}  // namespace pegbox
