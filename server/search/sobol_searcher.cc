#include "server/search/sobol_searcher.h"

#include <utility>

#include "server/search/random_stream.h"
#include "server/search/sobol_sequence.h"
#include "server/search/taken_points.h"
#include "server/search/unit_cube.h"

namespace pegbox {

absl::StatusOr<std::vector<Suggestion>> SobolSearcher::Suggest(const SearchSnapshot& snapshot, int count) {
  const UnitCube cube(snapshot.space);
  const SobolSequence sequence(cube.axes().size(), MixSeed(snapshot.seed, uint64_t(RandomPurpose::kSobolSearch)));
  TakenPoints taken(cube, snapshot.observations);
  std::vector<Suggestion> suggestions;
  for (int i = 0; i < count; ++i) {
    const uint64_t number = static_cast<uint64_t>(snapshot.next_trial_number + i);
    RandomStream random(snapshot.seed, number, RandomPurpose::kSobolSearch);
    bool is_first = true;
    const auto point = taken.FindFree([&] {
      if (!std::exchange(is_first, false)) return RandomPoint(cube, random);
      UnitPoint planned = sequence.Point(number - 1);
      cube.Snap(planned);
      return planned;
    });
    if (!point) break;
    taken.Take(*point);
    suggestions.push_back({cube.Decode(*point), {.source = "sobol"}});
  }
  return suggestions;
}

}  // namespace pegbox
