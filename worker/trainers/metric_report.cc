#include "worker/trainers/metric_report.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace pegbox::trainer {
namespace {

using Json = nlohmann::ordered_json;

Json NumberOrName(double value) { return std::isfinite(value) ? Json(value) : Json(FormatMetric(value)); }

Json ReportJson(const MetricReport& report) {
  Json metrics = Json::object();
  for (const auto& [name, value] : report.metrics) metrics[name] = NumberOrName(value);
  return Json{{"step", report.step}, {"metrics", std::move(metrics)}};
}

}  // namespace

std::string SocketLine(const MetricReport& report) {
  Json json = ReportJson(report);
  if (report.has_checkpoint) json["checkpoint"] = true;
  return json.dump();
}

std::string MetricLine(const MetricReport& report) {
  return absl::StrCat("PEGBOX_METRICS ", ReportJson(report).dump());
}

std::string FormatMetric(double value, int decimals) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return absl::StrFormat("%.*f", decimals, value);
}

std::string HumanText(const MetricReport& report) {
  std::string text;
  for (const auto& [name, value] : report.metrics) {
    absl::StrAppend(&text, text.empty() ? "" : " ", name, "=", FormatMetric(value));
  }
  return text;
}

}  // namespace pegbox::trainer
