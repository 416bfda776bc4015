// Whether two columns of numbers go together, without assuming how: by ranks, with p-values from permutations.
#pragma once

#include <cstdint>
#include <vector>

namespace pegbox {

struct Association {
  // Ordered columns: Spearman's rank correlation, -1 to 1. Categories: the correlation ratio of the ranks (the root of
  // the share of their variance that lies between the categories), 0 to 1.
  double strength = 0;
  // How often a random order of the second column is associated as strongly: (1 + hits) / (1 + permutations).
  double p_value = 1;
};

// Ranks from 1; equal values share the mean of theirs.
std::vector<double> Ranks(const std::vector<double>& values);

// Of two columns of one length. The permutations follow from their lengths alone, so that the answer is always the
// same. Strength 0 and p-value 1 when a column is constant or shorter than 3.
Association RankCorrelation(const std::vector<double>& x, const std::vector<double>& y);
Association RankCorrelationRatio(const std::vector<int64_t>& categories, const std::vector<double>& y);

}  // namespace pegbox
