#include "server/search/gp/acquisition.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "server/search/gp/log_ei.h"

namespace pegbox {
namespace {

// sigma^2 / s^2 above which the best output is no longer trusted.
constexpr double kNoisy = 0.3;
// c. The labels are no more than 1, whose Phi is 0.84: too little of a difference where nothing failed ever.
constexpr double kSharpness = 3;

}  // namespace

double ChooseIncumbent(const GaussianProcess& objective, std::span<const double> outputs,
                       std::span<const double> pending_means) {
  const bool is_noisy = objective.kernel().noise_variance() >= kNoisy * objective.kernel().signal_variance();
  double incumbent = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < outputs.size(); ++i) {
    incumbent = std::min(incumbent, is_noisy ? objective.Smoothed(i) : outputs[i]);
  }
  for (double mean : pending_means) incumbent = std::min(incumbent, mean);
  return incumbent;
}

std::vector<double> Acquisition::Evaluate(std::span<const UnitPoint> points, std::vector<double>* gradient) const {
  const FeatureMatrix matrix = features_.Map(points);
  const PosteriorBatch posterior = objective_.Predict(matrix);
  std::vector<double> values(points.size()), by_mean(points.size()), by_deviation(points.size());
  for (size_t b = 0; b < points.size(); ++b) {
    const double mean = posterior.mean()[b];
    const double deviation = posterior.deviation()[b];
    const LogImprovement improvement = kind_ == AcquisitionKind::kLogEi
                                           ? LogExpectedImprovement(incumbent_, mean, deviation)
                                           : LogImprovement{deviation - mean, -1, 1};
    values[b] = improvement.value;
    by_mean[b] = improvement.by_mean;
    by_deviation[b] = improvement.by_deviation;
  }
  if (gradient != nullptr) {
    gradient->assign(points.size() * features_.numeric(), 0);
    posterior.AddGradient(by_mean, by_deviation, *gradient);
  }
  if (feasibility_ != nullptr) AddFeasibility(matrix, values, gradient);
  for (double& value : values) {
    if (!std::isfinite(value)) value = -std::numeric_limits<double>::infinity();
  }
  return values;
}

void Acquisition::AddFeasibility(const FeatureMatrix& points, std::vector<double>& values,
                                 std::vector<double>* gradient) const {
  const PosteriorBatch posterior = feasibility_->Predict(points);
  std::vector<double> by_mean(points.count), by_deviation(points.count);
  for (size_t b = 0; b < points.count; ++b) {
    const double mean = posterior.mean()[b];
    const double deviation = posterior.deviation()[b];
    const double scale = kSharpness / std::sqrt(1 + kSharpness * kSharpness * deviation * deviation);
    const LogProbability probability = LogNormalCdf(mean * scale);
    values[b] += caution_ * probability.value;
    by_mean[b] = caution_ * probability.derivative * scale;
    by_deviation[b] = -caution_ * probability.derivative * mean * deviation * scale * scale * scale;
  }
  if (gradient != nullptr) posterior.AddGradient(by_mean, by_deviation, *gradient);
}

}  // namespace pegbox
