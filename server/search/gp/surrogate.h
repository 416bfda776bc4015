// What a job's trials teach: training sets, hyperparameters fitted to them, and the rules of when to fit what.
#pragma once

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
  ThetaFit objective;                    // of training.outputs
  std::optional<ThetaFit> feasibility;   // of training.labels, when enough trials have failed
  std::vector<UnitPoint> best_observed;  // measured points, the best first

  int64_t fit_evaluations() const { return objective.evaluations + (feasibility ? feasibility->evaluations : 0); }
};

// Thread-compatible. Keeps its last fits only to save time: what it learns is a function of the snapshot.
class SurrogateTrainer {
 public:
  // Nothing: the measured values do not differ, or fewer than two are there.
  std::optional<Surrogate> Learn(const UnitCube& cube, const FeatureMap& features, const SearchSnapshot& snapshot);

 private:
  // A fit, and what it was made of.
  struct Fitted {
    FeatureMatrix x;
    std::vector<double> y;
    ThetaFit fit;
  };

  static const ThetaFit& Fit(FeatureMatrix x, std::vector<double> y, std::optional<Fitted>& last);

  std::optional<Fitted> last_objective_;
  std::optional<Fitted> last_feasibility_;
};

}  // namespace pegbox
