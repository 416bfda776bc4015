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
#include "server/search/unit_cube.h"

namespace pegbox {

struct Surrogate {
  TrainingSet training;
  SurrogateFit fit;                      // of training.outputs and, when enough trials have failed, training.labels
  int64_t fit_evaluations = 0;           // spent now; 0 when the fit is an earlier one
  std::vector<UnitPoint> best_observed;  // measured points, the best first

  bool has_feasibility() const { return !fit.feasibility_theta.empty(); }
};

// Whether a fit is due that a suggestion must not wait for.
bool IsLongFitDue(size_t dimensions, const SearchSnapshot& snapshot);

// That fit. Nothing: the measured values do not differ, or fewer than two are there.
std::optional<SurrogateFit> FitSurrogate(const UnitCube& cube, const FeatureMap& features,
                                         const SearchSnapshot& snapshot);

// Thread-compatible. Keeps its last fit only to save time: what it learns is a function of the snapshot.
class SurrogateTrainer {
 public:
  // Nothing: the measured values do not differ, or fewer than two are there.
  std::optional<Surrogate> Learn(const UnitCube& cube, const FeatureMap& features, const SearchSnapshot& snapshot);

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
