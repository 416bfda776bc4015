#include "worker/metrics/metric_line_parser.h"

#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/status_macros.h"

namespace pegbox::worker {
namespace {

constexpr int64_t kMaxRegexMemoryBytes = 1 << 20;

absl::StatusOr<std::unique_ptr<RE2>> Compile(absl::string_view field, const std::string& regex) {
  if (regex.empty() || regex.size() > kMaxRegexBytes) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": has 1 to ", kMaxRegexBytes, " bytes; got ", regex.size()));
  }
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxRegexMemoryBytes);
  auto compiled = std::make_unique<RE2>(regex, options);
  if (!compiled->ok()) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": is not a regular expression of RE2 (",
                                                   absl::CHexEscape(compiled->error()),
                                                   "); look-around and back-references are not supported"));
  }
  if (compiled->NumberOfCapturingGroups() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        field, ": must have exactly one capture group, the number; got ", compiled->NumberOfCapturingGroups(),
        compiled->NumberOfCapturingGroups() == 0 ? "; put the number in parentheses, as in loss=([0-9.eE+-]+)"
                                                 : "; write the others as (?:...)"));
  }
  return compiled;
}

// The first capture group of the first match, without the spaces and the sentence's end that a loose group catches.
std::optional<absl::string_view> Capture(const RE2& regex, absl::string_view line) {
  re2::StringPiece captured;
  if (!RE2::PartialMatch(re2::StringPiece(line.data(), line.size()), regex, &captured)) return std::nullopt;
  absl::string_view text = absl::StripAsciiWhitespace(absl::string_view(captured.data(), captured.size()));
  while (!text.empty() && absl::StrContains(".,;", text.back())) text.remove_suffix(1);
  return text;
}

absl::Status NotANumber(absl::string_view name, absl::string_view text, absl::string_view rule) {
  constexpr size_t kShownBytes = 80;
  return absl::InvalidArgumentError(absl::StrCat("metric ", name, ": its regular expression caught \"",
                                                 absl::CHexEscape(text.substr(0, kShownBytes)), "\", which is not ",
                                                 rule));
}

int Precedence(absl::string_view name) {
  if (name == "pegbox:step") return 3;
  if (name == "epoch") return 2;
  return name == "step" ? 1 : 0;
}

}  // namespace

MetricLineParser::MetricLineParser() = default;
MetricLineParser::MetricLineParser(MetricLineParser&&) noexcept = default;
MetricLineParser& MetricLineParser::operator=(MetricLineParser&&) noexcept = default;
MetricLineParser::~MetricLineParser() = default;

absl::StatusOr<MetricLineParser> MetricLineParser::Create(const std::vector<MetricDefinition>& definitions) {
  if (definitions.size() > kMaxMetricDefinitions) {
    return absl::InvalidArgumentError(
        absl::StrCat("metric_definitions: at most ", kMaxMetricDefinitions, "; got ", definitions.size()));
  }
  MetricLineParser parser;
  for (size_t i = 0; i < definitions.size(); ++i) {
    const std::string field = absl::StrCat("metric_definitions[", i, "]");
    const MetricDefinition& definition = definitions[i];
    PEGBOX_RETURN_IF_ERROR(ValidateMetricName(absl::StrCat(field, ".name"), definition.name));
    const bool is_repeated = std::any_of(parser.metrics_.begin(), parser.metrics_.end(),
                                         [&](const Definition& other) { return other.name == definition.name; });
    if (is_repeated) {
      return absl::InvalidArgumentError(
          absl::StrCat(field, ".name: must be unique; got ", definition.name,
                       " again; cover both texts with one regex, as in (?:loss|Loss)=([0-9.]+)"));
    }
    PEGBOX_ASSIGN_OR_RETURN(auto regex, Compile(absl::StrCat(field, ".regex"), definition.regex));
    parser.metrics_.push_back({definition.name, std::move(regex)});
  }
  const auto step = std::max_element(
      parser.metrics_.begin(), parser.metrics_.end(),
      [](const Definition& a, const Definition& b) { return Precedence(a.name) < Precedence(b.name); });
  if (step != parser.metrics_.end() && Precedence(step->name) > 0) {
    parser.step_definition_ = std::move(*step);
    parser.metrics_.erase(step);
  }
  return parser;
}

ParsedLine MetricLineParser::Parse(absl::string_view line) {
  ParsedLine parsed;
  const absl::string_view stripped = absl::StripLeadingAsciiWhitespace(line);
  if (absl::StartsWith(stripped, kMetricsLinePrefix)) {
    absl::StatusOr<Report> report = ParseReportLine(stripped.substr(kMetricsLinePrefix.size()));
    if (report.ok()) {
      parsed.report = *std::move(report);
    } else {
      parsed.problem = std::move(report).status();
    }
    return parsed;
  }
  UpdateStep(line, parsed.problem);
  parsed.report.step = step_;
  for (Definition& definition : metrics_) Match(definition, line, parsed);
  return parsed;
}

void MetricLineParser::UpdateStep(absl::string_view line, absl::Status& problem) {
  if (!step_definition_.has_value()) return;
  const std::optional<absl::string_view> text = Capture(*step_definition_->regex, line);
  if (!text.has_value()) return;
  int64_t step = 0;
  if (absl::SimpleAtoi(*text, &step) && step >= 0 && step <= kMaxStep) {
    step_ = step;
  } else {
    problem.Update(NotANumber(step_definition_->name, *text, "an integer from 0 to 2^53"));
  }
}

void MetricLineParser::Match(Definition& definition, absl::string_view line, ParsedLine& parsed) {
  const std::optional<absl::string_view> text = Capture(*definition.regex, line);
  if (!text.has_value()) return;
  double value = 0;
  const bool is_hexadecimal = text->find_first_of("xX") != absl::string_view::npos;  // which SimpleAtod would take
  if (is_hexadecimal || !absl::SimpleAtod(*text, &value)) {
    parsed.problem.Update(NotANumber(definition.name, *text, "a number"));
    return;
  }
  const int64_t step = step_definition_.has_value() ? step_ : ++definition.matches;
  if (definition.last_step == step) return;
  definition.last_step = step;
  parsed.report.measurements.push_back({definition.name, step, value});
}

}  // namespace pegbox::worker
