#include "server/domain/objective.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"
#include "server/domain/parameter.h"

namespace pegbox {
namespace {

constexpr size_t kMaxMetricNameLength = 128;
constexpr absl::string_view kStepName = "pegbox:step";

bool IsMetricNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("_.:/-", c);
}

}  // namespace

bool IsBetter(Goal goal, double a, double b) {
  if (!std::isfinite(a)) return false;
  if (!std::isfinite(b)) return true;
  return goal == Goal::kMinimize ? a < b : a > b;
}

bool ReachesTarget(const Objective& objective, double value) {
  return objective.target.has_value() && std::isfinite(value) && !IsBetter(objective.goal, *objective.target, value);
}

absl::Status ValidateMetricName(absl::string_view name, absl::string_view field) {
  if (!name.empty() && name.size() <= kMaxMetricNameLength &&
      std::all_of(name.begin(), name.end(), IsMetricNameCharacter)) {
    return absl::OkStatus();
  }
  return InvalidArgument(field, "must be 1 to 128 characters of A-Z a-z 0-9 _ . : / -", Quoted(name),
                         "name a metric, such as validation:loss");
}

absl::Status ValidateObjective(const Objective& objective, absl::string_view field) {
  const std::string metric = absl::StrCat(field, ".metric");
  PEGBOX_RETURN_IF_ERROR(ValidateMetricName(objective.metric, metric));
  if (objective.metric == kStepName) {
    return InvalidArgument(metric, "must be a metric", Quoted(objective.metric),
                           "pegbox:step only numbers the reports; name what to make best");
  }
  if (!objective.target.has_value() || std::isfinite(*objective.target)) return absl::OkStatus();
  return InvalidArgument(absl::StrCat(field, ".target"), "must be finite", ToString(*objective.target),
                         "write a number, or leave it out");
}

}  // namespace pegbox
