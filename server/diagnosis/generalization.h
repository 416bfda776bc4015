// How much worse one trial does in validation than in training, and from where on the two part.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/domain/metric_curve.h"
#include "server/domain/objective.h"

namespace pegbox {

// The same measure of the model, on the training data and on held-out data.
struct MetricPair {
  std::string train;
  std::string validation;
  Goal goal = Goal::kMinimize;  // of both
};

struct Generalization {
  int64_t best_step = 0;  // of the validation metric
  double train = 0;       // the values there
  double validation = 0;
  double gap = 0;  // by how much validation is worse than training, in the metric's unit; negative when it is better
  // The best step of a trial that overfits: from there on validation gets worse, by more than its noise, while training
  // goes on improving.
  std::optional<int64_t> divergence_step;
};

// The standard deviation of a curve's reports around their trend, from second differences d_t = v_(t+1) - 2 v_t +
// v_(t-1), whose variance is 6 sigma^2: 1.4826 median|d_t| / sqrt(6), which single outliers do not move. 0 with fewer
// than three finite points.
double ReportNoise(const MetricCurve& curve);

// Nothing: validation has no finite value, or training none at that step or around it.
std::optional<Generalization> CompareCurves(Goal goal, const MetricCurve& train, const MetricCurve& validation);

}  // namespace pegbox
