// What a job's trials teach: training sets, hyperparameters fitted to them, and the rules of when to fit what.
//
//   up to 50 trials that ended       after each of them      with the next suggestion
//   up to 200                        after each fifth        with the next suggestion
//   above                            after each n / 20       IsFitDue, Fit: beside the suggestions
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/search/gp/features.h"
#include "server/search/gp/likelihood.h"
#include "server/search/gp/training_set.h"
#include "server/search/searcher.h"

namespace pegbox {

// Whether a fit is due that a suggestion must not wait for.
bool IsLongFitDue(size_t dimensions, const SearchSnapshot& snapshot);

// That fit. `outcomes`: all of them. Nothing: the measured values do not differ, or fewer than two are there.
std::optional<SurrogateFit> FitSurrogate(const FeatureMap& features, const std::vector<Outcome>& outcomes,
                                         const SurrogateFit* last);

struct CurrentFit {
  SurrogateFit fit;         // as it is stored; of failures too, when enough trials have failed
  int64_t evaluations = 0;  // spent now; 0 when the fit is an earlier one
};

// Thread-compatible. Keeps its last fit only to save time: what it says is a function of its arguments.
class SurrogateTrainer {
 public:
  // The hyperparameters to use: the last ones, unless a fit is due. Nothing: as FitSurrogate.
  std::optional<CurrentFit> Learn(const FeatureMap& features, const std::vector<Outcome>& outcomes,
                                  const SurrogateFit* last);

 private:
  // A fit, and what it was made of.
  struct Fitted {
    FeatureMatrix x;
    std::vector<double> outputs, labels;
    std::optional<SurrogateFit> last;
    SurrogateFit fit;
  };

  std::optional<Fitted> fitted_;
};

}  // namespace pegbox
