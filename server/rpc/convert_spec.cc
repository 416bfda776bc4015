#include "server/rpc/convert_spec.h"

#include <re2/re2.h>

#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/domain/invalid_argument.h"
#include "server/rpc/convert_enum.h"
#include "server/rpc/convert_search_space.h"
#include "server/rpc/convert_time.h"

namespace pegbox {
namespace {

using pegbox::FromProto;
using pegbox::ToProto;

constexpr size_t kMaxRegexBytes = 512;
constexpr int kMaxMetricDefinitions = 256;
constexpr int64_t kMaxRegexMemoryBytes = 1 << 20;  // as the worker compiles it

absl::StatusOr<Goal> FromProto(v1::Objective::Goal proto, absl::string_view field) {
  switch (proto) {
    case v1::Objective::MINIMIZE:
      return Goal::kMinimize;
    case v1::Objective::MAXIMIZE:
      return Goal::kMaximize;
    default:
      return BadEnum(field, "MINIMIZE or MAXIMIZE", proto);
  }
}

absl::StatusOr<ObjectiveScope> FromProto(v1::Objective::Scope proto, absl::string_view field) {
  switch (proto) {
    case v1::Objective::SCOPE_UNSPECIFIED:
    case v1::Objective::BEST:
      return ObjectiveScope::kBest;
    case v1::Objective::LAST:
      return ObjectiveScope::kLast;
    default:
      return BadEnum(field, "BEST or LAST", proto);
  }
}

absl::StatusOr<Algorithm> FromProto(v1::Strategy::Algorithm proto, absl::string_view field) {
  switch (proto) {
    case v1::Strategy::ALGORITHM_UNSPECIFIED:
    case v1::Strategy::BAYESIAN:
      return Algorithm::kBayesian;
    case v1::Strategy::RANDOM:
      return Algorithm::kRandom;
    case v1::Strategy::SOBOL:
      return Algorithm::kSobol;
    default:
      return BadEnum(field, "BAYESIAN, RANDOM or SOBOL", proto);
  }
}

absl::StatusOr<Objective> FromProto(const v1::Objective& proto, absl::string_view field) {
  Objective objective = {.metric = proto.metric()};
  PEGBOX_ASSIGN_OR_RETURN(objective.goal, FromProto(proto.goal(), absl::StrCat(field, ".goal")));
  if (proto.has_target()) objective.target = proto.target();
  PEGBOX_ASSIGN_OR_RETURN(objective.scope, FromProto(proto.scope(), absl::StrCat(field, ".scope")));
  return objective;
}

absl::StatusOr<Strategy> FromProto(const v1::Strategy& proto, absl::string_view field) {
  Strategy strategy;
  PEGBOX_ASSIGN_OR_RETURN(strategy.algorithm, FromProto(proto.algorithm(), absl::StrCat(field, ".algorithm")));
  if (proto.has_seed()) strategy.seed = proto.seed();
  return strategy;
}

absl::StatusOr<StoppingRule> FromProto(const v1::StoppingRule& proto, absl::string_view field) {
  switch (proto.kind_case()) {
    case v1::StoppingRule::kMedian: {
      MedianRule rule;
      if (proto.median().has_min_completed_trials()) rule.min_completed_trials = proto.median().min_completed_trials();
      if (proto.median().has_min_steps()) rule.min_steps = proto.median().min_steps();
      return rule;
    }
    case v1::StoppingRule::kPatience: {
      PatienceRule rule = {.patience = proto.patience().patience()};
      if (proto.patience().has_min_delta()) rule.min_delta = proto.patience().min_delta();
      if (proto.patience().has_min_steps()) rule.min_steps = proto.patience().min_steps();
      return rule;
    }
    case v1::StoppingRule::KIND_NOT_SET:
      break;
  }
  return InvalidArgument(field, "must be a rule", "none", "set one of median, patience");
}

// Length and emptiness are ValidateSpec's.
absl::Status CheckRegex(const std::string& regex, absl::string_view field) {
  if (regex.empty() || regex.size() > kMaxRegexBytes) return absl::OkStatus();
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexMemoryBytes);
  const RE2 compiled(regex, options);
  if (!compiled.ok()) {
    return InvalidArgument(field, absl::StrCat("must be a regular expression of RE2 (", compiled.error(), ")"),
                           Quoted(regex), "look-around and back-references are not known to RE2");
  }
  const int groups = compiled.NumberOfCapturingGroups();
  if (groups == 1) return absl::OkStatus();
  return InvalidArgument(
      field, "must have exactly one capture group, the value", absl::StrCat(groups),
      groups == 0 ? "put the number in parentheses, as in loss=([0-9.eE+-]+)" : "write the others as (?:...)");
}

absl::StatusOr<TrialTemplate> FromProto(const v1::TrialTemplate& proto, absl::string_view field) {
  TrialTemplate trial = {.command = {proto.command().begin(), proto.command().end()},
                         .environment = {proto.environment().begin(), proto.environment().end()},
                         .working_directory = proto.working_directory()};
  for (int i = 0; i < proto.metric_definitions_size(); ++i) {
    const v1::MetricDefinition& definition = proto.metric_definitions(i);
    trial.metric_definitions.push_back({.name = definition.name(), .regex = definition.regex()});
    if (i >= kMaxMetricDefinitions) continue;  // ValidateSpec rejects them all
    PEGBOX_RETURN_IF_ERROR(CheckRegex(definition.regex(), absl::StrCat(field, ".metric_definitions[", i, "].regex")));
  }
  if (proto.has_grace_period()) {
    PEGBOX_ASSIGN_OR_RETURN(trial.grace_period, FromProto(proto.grace_period(), absl::StrCat(field, ".grace_period")));
  }
  if (proto.has_max_runtime()) {
    PEGBOX_ASSIGN_OR_RETURN(trial.max_runtime, FromProto(proto.max_runtime(), absl::StrCat(field, ".max_runtime")));
  }
  return trial;
}

absl::Status CheckRequired(const v1::TuningJobSpec& proto, absl::string_view field) {
  if (!proto.has_objective()) {
    return InvalidArgument(absl::StrCat(field, ".objective"), "required", "", "name the metric to make best");
  }
  return absl::OkStatus();
}

v1::Objective::Goal ToProto(Goal goal) {
  switch (goal) {
    case Goal::kMinimize:
      return v1::Objective::MINIMIZE;
    case Goal::kMaximize:
      return v1::Objective::MAXIMIZE;
  }
  return v1::Objective::GOAL_UNSPECIFIED;
}

v1::Objective::Scope ToProto(ObjectiveScope scope) {
  switch (scope) {
    case ObjectiveScope::kBest:
      return v1::Objective::BEST;
    case ObjectiveScope::kLast:
      return v1::Objective::LAST;
  }
  return v1::Objective::SCOPE_UNSPECIFIED;
}

v1::Objective ToProto(const Objective& objective) {
  v1::Objective proto;
  proto.set_metric(objective.metric);
  proto.set_goal(ToProto(objective.goal));
  if (objective.target.has_value()) proto.set_target(*objective.target);
  proto.set_scope(ToProto(objective.scope));
  return proto;
}

v1::Strategy::Algorithm ToProto(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kBayesian:
      return v1::Strategy::BAYESIAN;
    case Algorithm::kRandom:
      return v1::Strategy::RANDOM;
    case Algorithm::kSobol:
      return v1::Strategy::SOBOL;
  }
  return v1::Strategy::ALGORITHM_UNSPECIFIED;
}

struct RuleToProto {
  v1::StoppingRule& proto;

  void operator()(const MedianRule& rule) const {
    proto.mutable_median()->set_min_completed_trials(rule.min_completed_trials);
    proto.mutable_median()->set_min_steps(rule.min_steps);
  }
  void operator()(const PatienceRule& rule) const {
    proto.mutable_patience()->set_patience(rule.patience);
    proto.mutable_patience()->set_min_delta(rule.min_delta);
    proto.mutable_patience()->set_min_steps(rule.min_steps);
  }
};

}  // namespace

absl::StatusOr<TuningJobSpec> FromProto(const v1::TuningJobSpec& proto, absl::string_view field) {
  const auto place = [field](absl::string_view name) { return absl::StrCat(field, ".", name); };
  PEGBOX_RETURN_IF_ERROR(CheckRequired(proto, field));
  TuningJobSpec spec = {.display_name = proto.display_name(), .max_jobs = proto.max_jobs()};
  PEGBOX_ASSIGN_OR_RETURN(spec.objective, FromProto(proto.objective(), place("objective")));
  PEGBOX_ASSIGN_OR_RETURN(spec.search_space, FromProto(proto.parameters(), place("parameters")));
  if (proto.has_max_parallel_jobs()) spec.max_parallel_jobs = proto.max_parallel_jobs();
  if (proto.has_max_runtime()) {
    PEGBOX_ASSIGN_OR_RETURN(spec.max_runtime, FromProto(proto.max_runtime(), place("max_runtime")));
  }
  PEGBOX_ASSIGN_OR_RETURN(spec.strategy, FromProto(proto.strategy(), place("strategy")));
  for (int i = 0; i < proto.early_stopping_size(); ++i) {
    PEGBOX_ASSIGN_OR_RETURN(StoppingRule rule,
                            FromProto(proto.early_stopping(i), absl::StrCat(place("early_stopping"), "[", i, "]")));
    spec.early_stopping.push_back(std::move(rule));
  }
  if (proto.has_trial()) {
    PEGBOX_ASSIGN_OR_RETURN(spec.trial, FromProto(proto.trial(), place("trial")));
  }
  if (proto.has_max_consecutive_failures()) spec.max_consecutive_failures = proto.max_consecutive_failures();
  return spec;
}

v1::TuningJobSpec ToProto(const TuningJobSpec& spec) {
  v1::TuningJobSpec proto;
  proto.set_display_name(spec.display_name);
  *proto.mutable_objective() = ToProto(spec.objective);
  for (const Parameter& parameter : spec.search_space.parameters()) *proto.add_parameters() = ToProto(parameter);
  proto.set_max_jobs(spec.max_jobs);
  proto.set_max_parallel_jobs(spec.max_parallel_jobs);
  if (spec.max_runtime != absl::InfiniteDuration()) *proto.mutable_max_runtime() = ToProto(spec.max_runtime);
  proto.mutable_strategy()->set_algorithm(ToProto(spec.strategy.algorithm));
  if (spec.strategy.seed.has_value()) proto.mutable_strategy()->set_seed(*spec.strategy.seed);
  for (const StoppingRule& rule : spec.early_stopping) std::visit(RuleToProto{*proto.add_early_stopping()}, rule);
  if (spec.trial.has_value()) *proto.mutable_trial() = ToProto(*spec.trial);
  proto.set_max_consecutive_failures(spec.max_consecutive_failures);
  return proto;
}

v1::TrialTemplate ToProto(const TrialTemplate& trial) {
  v1::TrialTemplate proto;
  proto.mutable_command()->Add(trial.command.begin(), trial.command.end());
  proto.mutable_environment()->insert(trial.environment.begin(), trial.environment.end());
  proto.set_working_directory(trial.working_directory);
  for (const MetricDefinition& definition : trial.metric_definitions) {
    v1::MetricDefinition& definition_proto = *proto.add_metric_definitions();
    definition_proto.set_name(definition.name);
    definition_proto.set_regex(definition.regex);
  }
  *proto.mutable_grace_period() = ToProto(trial.grace_period);
  if (trial.max_runtime != absl::InfiniteDuration()) *proto.mutable_max_runtime() = ToProto(trial.max_runtime);
  return proto;
}

}  // namespace pegbox
