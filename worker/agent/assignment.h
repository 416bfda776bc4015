// What the agent is given to run and what it says of the end: plain values, free of the wire.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/resource_name.h"
#include "worker/metrics/metric_line_parser.h"
#include "worker/process/environment.h"

namespace pegbox::worker {

// Which run of which trial.
struct AttemptId {
  TrialId trial;
  int64_t number = 0;  // from 1

  friend bool operator==(const AttemptId&, const AttemptId&) = default;
  friend auto operator<=>(const AttemptId&, const AttemptId&) = default;
};

using ParameterValue = std::variant<double, int64_t, std::string, bool>;

// An attempt to run.
struct Assignment {
  AttemptId id;
  std::map<std::string, ParameterValue> parameters;
  std::vector<std::string> command;  // with placeholders
  Environment environment;
  std::string working_directory;  // empty: a fresh one
  std::vector<MetricDefinition> metric_definitions;
  absl::Duration grace_period = absl::Seconds(10);
  absl::Duration max_runtime = absl::InfiniteDuration();
  std::string objective_metric;
  uint64_t seed = 0;
  // Not OK: the server sent what this worker cannot read; the attempt fails without a start.
  absl::Status problem;
};

enum class FailureKind { kExitCode, kSignal, kOutOfMemory, kTimeout, kLost, kSpawn };

struct Failure {
  FailureKind kind = FailureKind::kExitCode;
  std::string detail;  // for people, UTF-8
  int exit_code = 0;   // of kExitCode
  int signal = 0;      // of kSignal
};

}  // namespace pegbox::worker
