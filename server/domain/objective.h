// What a tuning job tries to make best.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pegbox {

enum class Goal { kMinimize, kMaximize };

// Which of a trial's reports of the metric is the trial's value.
enum class ObjectiveScope { kBest, kLast };

struct Objective {
  std::string metric;
  Goal goal = Goal::kMinimize;
  std::optional<double> target;
  ObjectiveScope scope = ObjectiveScope::kBest;

  friend bool operator==(const Objective&, const Objective&) = default;
};

// True when `a` is strictly better than `b`. NaN and infinities are never better than anything.
bool IsBetter(Goal goal, double a, double b);

// True when the job may end: `value` is as good as the target, or better.
bool ReachesTarget(const Objective& objective, double value);

// INVALID_ARGUMENT, opening with `field`: not 1 to 128 characters of [A-Za-z0-9_.:/-].
absl::Status ValidateMetricName(absl::string_view name, absl::string_view field);

// INVALID_ARGUMENT, opening with `field` and the place: a metric name against the rules, "pegbox:step", which is no
// metric, or a target that is not finite.
absl::Status ValidateObjective(const Objective& objective, absl::string_view field);

}  // namespace pegbox
