// Measurements out of what a trial prints. Two forms of line count:
//   PEGBOX_METRICS {"step": 3, "metrics": {"validation:accuracy": 0.91}}     as in report.h
//   any other line in which a metric definition's regular expression matches, as SageMaker's metric definitions do
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "worker/metrics/report.h"

namespace re2 {
class RE2;
}

namespace pegbox::worker {

inline constexpr size_t kMaxMetricDefinitions = 64;
inline constexpr size_t kMaxRegexBytes = 512;
inline constexpr absl::string_view kMetricsLinePrefix = "PEGBOX_METRICS ";

struct MetricDefinition {
  std::string name;
  std::string regex;  // RE2 syntax, searched anywhere in the line; its one capture group is the number
};

struct ParsedLine {
  Report report;         // empty for a line that says nothing; `step` counts for PEGBOX_METRICS lines only
  absl::Status problem;  // OK, or the first reason why something that looked like a metric was not used
};

// Steps of metrics found by a regular expression: the definition named `pegbox:step`, else the one named `epoch`, else
// the one named `step`, is not a metric but sets the step of its own line and of those after it (0 before its first
// match). Of a metric printed more than once in a step the first value counts. With no such definition each metric's
// matches are its steps 1, 2, 3...
// Each definition is tried once on each line, in linear time. State is bounded by the number of definitions.
// Thread-compatible.
class MetricLineParser {
 public:
  // INVALID_ARGUMENT: over 64 definitions; a bad or repeated name; a regex that is empty, over 512 bytes, not RE2 or
  // without exactly one capture group. The message opens with `metric_definitions[i].`.
  static absl::StatusOr<MetricLineParser> Create(const std::vector<MetricDefinition>& definitions);

  MetricLineParser(MetricLineParser&&) noexcept;
  MetricLineParser& operator=(MetricLineParser&&) noexcept;
  ~MetricLineParser();

  // `line` has no line end.
  ParsedLine Parse(absl::string_view line);

 private:
  struct Definition {
    std::string name;
    std::unique_ptr<re2::RE2> regex;
    int64_t matches = 0;
    std::optional<int64_t> last_step;
  };

  MetricLineParser();
  void UpdateStep(absl::string_view line, absl::Status& problem);
  void Match(Definition& definition, absl::string_view line, ParsedLine& parsed);

  std::vector<Definition> metrics_;
  std::optional<Definition> step_definition_;
  int64_t step_ = 0;
};

}  // namespace pegbox::worker
