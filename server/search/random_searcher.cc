#include "server/search/random_searcher.h"

#include "server/search/random_stream.h"
#include "server/search/taken_points.h"
#include "server/search/unit_cube.h"

namespace pegbox {

absl::StatusOr<std::vector<Suggestion>> RandomSearcher::Suggest(const SearchSnapshot& snapshot, int count) {
  const UnitCube cube(snapshot.space);
  TakenPoints taken(cube, snapshot.observations);
  std::vector<Suggestion> suggestions;
  for (int i = 0; i < count; ++i) {
    RandomStream random(snapshot.seed, static_cast<uint64_t>(snapshot.next_trial_number + i),
                        RandomPurpose::kRandomSearch);
    const auto point = taken.FindFree([&] { return RandomPoint(cube, random); });
    if (!point) break;
    taken.Take(*point);
    suggestions.push_back({cube.Decode(*point), {.source = "random"}});
  }
  return suggestions;
}

}  // namespace pegbox
