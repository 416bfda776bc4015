// How promising points are: the logarithm of expected improvement, plus, where trials have failed, a multiple of the
// logarithm of the probability that a trial succeeds, log Phi(c mu / sqrt(1 + c^2 sigma^2)) by the posterior of the
// labels +1 and -1.
#pragma once

#include <span>
#include <vector>

#include "server/search/gp/features.h"
#include "server/search/gp/gaussian_process.h"
#include "server/search/unit_cube.h"

namespace pegbox {

// The value to improve on, in the objective's transformed outputs. With little noise the best output; with much of it,
// when the best output is mostly luck, the best posterior mean; and no more than the mean at any pending point.
double ChooseIncumbent(const GaussianProcess& objective, std::span<const double> outputs,
                       std::span<const double> pending_means);

enum class AcquisitionKind {
  kLogEi,
  kUcb,  // sigma - mu: a bound on what the point may reach; spreads many pending trials better
};

class Acquisition {
 public:
  // `incumbent`: of kLogEi. `feasibility`: of the labels +1 (a value) and -1 (a failure); null when too few failed.
  // `caution`: the multiple. All outlive this.
  Acquisition(const FeatureMap& features, const GaussianProcess& objective, const GaussianProcess* feasibility,
              double incumbent, double caution = 1, AcquisitionKind kind = AcquisitionKind::kLogEi)
      : features_(features),
        objective_(objective),
        feasibility_(feasibility),
        incumbent_(incumbent),
        caution_(caution),
        kind_(kind) {}

  // One a point. Finite or -infinity.
  std::vector<double> Evaluate(std::span<const UnitPoint> points) const { return Evaluate(points, nullptr); }

  // Also its gradient by the numeric features, [points, features.numeric()].
  std::vector<double> Evaluate(std::span<const UnitPoint> points, std::vector<double>& gradient) const {
    return Evaluate(points, &gradient);
  }

  const FeatureMap& features() const { return features_; }
  // Points that the model knows: what an evaluation costs grows with it.
  size_t model_size() const { return objective_.measured() + objective_.pending(); }

 private:
  std::vector<double> Evaluate(std::span<const UnitPoint> points, std::vector<double>* gradient) const;
  void AddFeasibility(const FeatureMatrix& points, std::vector<double>& values, std::vector<double>* gradient) const;

  const FeatureMap& features_;
  const GaussianProcess& objective_;
  const GaussianProcess* feasibility_;
  double incumbent_;
  double caution_;
  AcquisitionKind kind_;
};

}  // namespace pegbox
