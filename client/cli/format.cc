#include "client/cli/format.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/text.h"
#include "common/resource_name.h"

namespace pegbox::cli {
namespace {

std::string ForPeople(absl::string_view enum_name) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(enum_name), {{"_", " "}});
}

bool IsNumeric(const std::string& cell) {
  double number = 0;
  return cell == "-" || absl::SimpleAtod(cell, &number);
}

}  // namespace

std::string FormatNumber(double value) { return absl::StrFormat("%.5g", value); }

std::string FormatNumber(const std::optional<double>& value) { return value.has_value() ? FormatNumber(*value) : "-"; }

std::string FormatValue(const v1::ParameterValue& value) {
  switch (value.kind_case()) {
    case v1::ParameterValue::kDoubleValue:
      return FormatNumber(value.double_value());
    case v1::ParameterValue::kIntValue:
      return absl::StrCat(value.int_value());
    case v1::ParameterValue::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case v1::ParameterValue::kStringValue:
      return Printable(value.string_value());
    case v1::ParameterValue::KIND_NOT_SET:
      break;
  }
  return "-";
}

std::string FormatParameters(const v1::Trial& trial) {
  std::map<std::string, std::string> by_name;
  for (const auto& [name, value] : trial.parameters()) by_name[Printable(name)] = FormatValue(value);
  return absl::StrJoin(by_name, "  ", absl::PairFormatter(" "));
}

std::string FormatElapsed(absl::Duration duration) {
  if (duration < absl::Seconds(1)) return absl::StrCat(absl::ToInt64Milliseconds(duration), "ms");
  const int64_t seconds = absl::ToInt64Seconds(duration);
  if (seconds < 60) return absl::StrCat(seconds, "s");
  if (seconds < 3600) return absl::StrFormat("%dm %02ds", seconds / 60, seconds % 60);
  if (seconds < 86400) return absl::StrFormat("%dh %02dm", seconds / 3600, seconds / 60 % 60);
  return absl::StrFormat("%dd %02dh", seconds / 86400, seconds / 3600 % 24);
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string FormatTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", ToTime(time), absl::LocalTimeZone());
}

std::string StateName(v1::Trial::State state) { return ForPeople(v1::Trial::State_Name(state)); }
std::string StateName(v1::TuningJob::State state) { return ForPeople(v1::TuningJob::State_Name(state)); }
std::string StateName(v1::Worker::State state) { return ForPeople(v1::Worker::State_Name(state)); }
std::string EndReasonName(v1::TuningJob::EndReason reason) { return ForPeople(v1::TuningJob::EndReason_Name(reason)); }
std::string FailureName(v1::Failure::Kind kind) { return ForPeople(v1::Failure::Kind_Name(kind)); }

std::string StopSummary(const v1::Trial& trial) {
  if (!trial.has_stop()) return "";
  if (trial.stop().rule() == "user") return "stopped by the user";
  if (trial.stop().rule() == "job") return "stopped with its job";
  return absl::StrCat(Printable(trial.stop().rule()), " at epoch ", trial.stop().step());
}

std::string LastPart(absl::string_view name) {
  const size_t slash = name.rfind('/');
  return Printable(slash == absl::string_view::npos ? name : name.substr(slash + 1));
}

int64_t TrialNumber(absl::string_view name) {
  const absl::StatusOr<TrialId> id = ParseTrialName("name", name);
  return id.ok() ? id->number : 0;
}

Table::Table(std::vector<std::string> headings) { rows_.push_back(std::move(headings)); }

void Table::AddRow(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

std::string Table::ToString() const {
  std::string text;
  const size_t columns = rows_.front().size();
  std::vector<size_t> widths(columns, 0);
  std::vector<bool> is_numeric(columns, rows_.size() > 1);
  for (size_t r = 0; r < rows_.size(); ++r) {
    for (size_t c = 0; c < columns; ++c) {
      widths[c] = std::max(widths[c], DisplayWidth(rows_[r][c]));
      if (r > 0) is_numeric[c] = is_numeric[c] && IsNumeric(rows_[r][c]);
    }
  }
  for (const std::vector<std::string>& row : rows_) {
    std::string line;
    for (size_t c = 0; c < columns; ++c) {
      const std::string padding(widths[c] - DisplayWidth(row[c]), ' ');
      absl::StrAppend(&line, c == 0 ? "" : "  ", is_numeric[c] ? padding + row[c] : row[c] + padding);
    }
    absl::StrAppend(&text, absl::StripTrailingAsciiWhitespace(line), "\n");
  }
  return text;
}

}  // namespace pegbox::cli
