// Uniform over the unit cube. The point of a trial depends on the job's seed and the trial's number, and on others only
// when it is taken.
#pragma once

#include <vector>

#include "server/search/searcher.h"

namespace pegbox {

class RandomSearcher : public Searcher {
 public:
  absl::StatusOr<std::vector<Suggestion>> Suggest(const SearchSnapshot& snapshot, int count) override;
};

}  // namespace pegbox
