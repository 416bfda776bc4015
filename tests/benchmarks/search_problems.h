// Functions with a known optimum that stand for tuning problems.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/domain/search_space.h"

namespace pegbox {

// To be minimized. Shifts, rotations and permutations follow the seed it was made with, so that neither the centre of
// the space nor a corner is favoured.
struct SearchProblem {
  SearchSpace space;
  std::function<double(const Assignment&)> evaluate;
  double optimum = 0;
};

struct SearchProblemFamily {
  std::string name;
  std::function<SearchProblem(uint64_t seed)> make;
};

const std::vector<SearchProblemFamily>& SearchProblemFamilies();

}  // namespace pegbox
