#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/commands.h"
#include "client/cli/format.h"
#include "client/cli/json_output.h"
#include "client/cli/resource_argument.h"
#include "client/cli/sparkline.h"
#include "client/cli/text.h"
#include "common/status_macros.h"

namespace pegbox::cli {
namespace {

constexpr size_t kCurveWidth = 40;
constexpr absl::string_view kTrainPrefix = "train:";

// Values by step, by metric. A later attempt's value of a step replaces an earlier one's.
using Curves = std::map<std::string, std::map<int64_t, double>>;

Curves ToCurves(std::vector<v1::TrialMeasurement> rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.attempt() < b.attempt(); });
  Curves curves;
  for (const v1::TrialMeasurement& row : rows) {
    curves[row.measurement().metric()][row.measurement().step()] = row.measurement().value();
  }
  return curves;
}

std::string WhyEnded(const v1::Trial& trial) {
  if (trial.has_failure()) return FailureName(trial.failure().kind());
  return StopSummary(trial);
}

std::string OptionalNumber(bool is_present, int64_t number) { return is_present ? absl::StrCat(number) : "-"; }

std::string TrialTable(const std::vector<v1::Trial>& trials) {
  std::set<std::string> names;
  for (const v1::Trial& trial : trials) {
    for (const auto& [name, value] : trial.parameters()) names.insert(name);
  }
  std::vector<std::string> headings = {"TRIAL", "STATE", "VALUE", "AT EPOCH", "LAST EPOCH"};
  for (const std::string& name : names) headings.push_back(Printable(name));
  headings.push_back("WHY IT ENDED");
  Table table(std::move(headings));
  for (const v1::Trial& trial : trials) {
    std::vector<std::string> row = {absl::StrCat(TrialNumber(trial.name())), StateName(trial.state()),
                                    trial.has_value() ? FormatNumber(trial.value()) : "-",
                                    OptionalNumber(trial.has_best_step(), trial.best_step()),
                                    OptionalNumber(trial.has_last_step(), trial.last_step())};
    for (const std::string& name : names) {
      const auto value = trial.parameters().find(name);
      row.push_back(value == trial.parameters().end() ? "-" : FormatValue(value->second));
    }
    row.push_back(WhyEnded(trial));
    table.AddRow(std::move(row));
  }
  return table.ToString();
}

void PrintParameters(const v1::Trial& trial, std::ostream& out) {
  std::map<std::string, const v1::ParameterValue*> by_name;
  for (const auto& [name, value] : trial.parameters()) by_name[Printable(name)] = &value;
  size_t width = 0;
  for (const auto& [name, value] : by_name) width = std::max(width, DisplayWidth(name));
  out << "parameters\n";
  for (const auto& [name, value] : by_name) {
    out << "  " << name << std::string(width - DisplayWidth(name) + 2, ' ') << FormatValue(*value) << "\n";
  }
}

void PrintValue(const v1::Trial& trial, const std::string& metric, std::ostream& out) {
  if (!trial.has_value()) return;
  out << "value       " << Printable(metric) << " " << FormatNumber(trial.value()) << " at epoch " << trial.best_step();
  if (trial.has_last_step()) out << " (last epoch " << trial.last_step() << ")";
  out << "\n";
}

void PrintCheckpoint(const v1::Trial& trial, std::ostream& out) {
  if (trial.checkpoint_path().empty()) return;
  out << "checkpoint  " << Printable(trial.checkpoint_path());
  if (trial.has_checkpoint_step()) out << " (epoch " << trial.checkpoint_step() << ")";
  out << "\n";
}

// For metrics that come as train:X and validation:X: how far apart they are at the trial's best step.
void PrintGeneralisation(const v1::Trial& trial, const Curves& curves, std::ostream& out) {
  if (!trial.has_best_step()) return;
  for (const auto& [metric, train] : curves) {
    absl::string_view suffix = metric;
    if (!absl::ConsumePrefix(&suffix, kTrainPrefix)) continue;
    const auto validation = curves.find(absl::StrCat("validation:", suffix));
    if (validation == curves.end()) continue;
    const auto train_value = train.find(trial.best_step());
    const auto validation_value = validation->second.find(trial.best_step());
    if (train_value == train.end() || validation_value == validation->second.end()) continue;
    out << "generalises " << Printable(suffix) << ": train " << FormatNumber(train_value->second) << ", validation "
        << FormatNumber(validation_value->second) << " (gap "
        << FormatNumber(validation_value->second - train_value->second) << ")\n";
  }
}

void PrintAttempts(const v1::Trial& trial, std::ostream& out) {
  if (trial.attempts().empty()) return;
  Table table({"  ATTEMPT", "RUN BY", "STARTED", "RAN FOR", "END"});
  for (const v1::Attempt& attempt : trial.attempts()) {
    std::string ran_for = "-";
    std::string end = "running";
    if (attempt.has_end_time()) {
      ran_for = FormatElapsed(ToTime(attempt.end_time()) - ToTime(attempt.start_time()));
      end = attempt.has_failure() ? FailureName(attempt.failure().kind()) : "done";
    }
    const std::string holder = attempt.client().empty() ? LastPart(attempt.worker()) : Printable(attempt.client());
    table.AddRow({absl::StrCat("  ", attempt.number()), holder, FormatTime(attempt.start_time()), ran_for, end});
  }
  out << "attempts\n" << table.ToString();
}

void PrintCurves(const Curves& curves, std::ostream& out) {
  if (curves.empty()) return;
  Table table({"  METRIC", "EPOCHS", "FIRST", "LAST", "LOWEST", "HIGHEST", "CURVE"});
  for (const auto& [metric, curve] : curves) {
    std::vector<double> values;
    std::optional<double> low;
    std::optional<double> high;
    for (const auto& [step, value] : curve) {
      values.push_back(value);
      if (!std::isfinite(value)) continue;
      low = std::min(low.value_or(value), value);
      high = std::max(high.value_or(value), value);
    }
    table.AddRow({absl::StrCat("  ", Printable(metric)), absl::StrCat(values.size()), FormatNumber(values.front()),
                  FormatNumber(values.back()), FormatNumber(low), FormatNumber(high), Sparkline(values, kCurveWidth)});
  }
  out << "measurements\n" << table.ToString();
}

void PrintRecommended(const std::string& job_id, const v1::GetBestTrialResponse& best, std::ostream& out) {
  const bool is_same = best.recommended_trial().name() == best.best_trial().name();
  out << "recommended ";
  if (is_same) {
    out << "the same";
  } else {
    out << job_id << "/" << TrialNumber(best.recommended_trial().name());
  }
  out << ": " << Printable(best.explanation()) << "\n";
}

// Where the trial's point came from, and what that rests on.
void PrintProvenance(const v1::Provenance& provenance, std::ostream& out) {
  if (provenance.source().empty()) return;
  out << "chosen by   " << Printable(provenance.source());
  if (!provenance.note().empty()) out << " (" << Printable(provenance.note()) << ")";
  out << " after " << provenance.outcomes() << " ended trials";
  if (provenance.has_acquisition_value()) out << ", acquisition value " << FormatNumber(provenance.acquisition_value());
  if (provenance.fit_evaluations() > 0) out << ", " << provenance.fit_evaluations() << " fit evaluations";
  out << ", in " << FormatNumber(provenance.suggest_milliseconds()) << " ms\n";
}

void PrintTrial(const TrialId& id, const v1::Trial& trial, const std::string& metric, const Curves& curves,
                std::ostream& out) {
  out << "trial       " << id.job_id << "/" << id.number << "\nstate       " << StateName(trial.state()) << "\n";
  PrintValue(trial, metric, out);
  if (trial.has_failure()) {
    out << "failure     " << FailureName(trial.failure().kind()) << ": " << Printable(trial.failure().detail()) << "\n";
  }
  if (trial.has_stop()) {
    out << "stopped     " << StopSummary(trial) << ": " << Printable(trial.stop().explanation()) << "\n";
  }
  PrintCheckpoint(trial, out);
  PrintProvenance(trial.provenance(), out);
  PrintParameters(trial, out);
  PrintAttempts(trial, out);
  PrintCurves(curves, out);
}

}  // namespace

absl::Status ListTrials(Session& session, const std::string& job, bool best_first) {
  PEGBOX_ASSIGN_OR_RETURN(const std::string id, ParseJobArgument(job));
  const auto order = best_first ? v1::ListTrialsRequest::BEST_FIRST : v1::ListTrialsRequest::NUMBER;
  PEGBOX_ASSIGN_OR_RETURN(const std::vector<v1::Trial> trials, session.client.ListTrials(id, order));
  if (session.as_json) {
    v1::ListTrialsResponse response;
    response.mutable_trials()->Assign(trials.begin(), trials.end());
    session.console.out << ToJsonDocument(response);
  } else if (trials.empty()) {
    session.console.err << "the job has no trials yet\n";
  } else {
    session.console.out << TrialTable(trials);
  }
  return absl::OkStatus();
}

absl::Status ShowBest(Session& session, const std::string& job) {
  PEGBOX_ASSIGN_OR_RETURN(const std::string id, ParseJobArgument(job));
  PEGBOX_ASSIGN_OR_RETURN(const v1::GetBestTrialResponse best, session.client.GetBestTrial(id));
  if (session.as_json) {
    session.console.out << ToJsonDocument(best);
    return absl::OkStatus();
  }
  const v1::Trial& trial = best.best_trial();
  const TrialId trial_id{id, TrialNumber(trial.name())};
  PEGBOX_ASSIGN_OR_RETURN(const v1::TuningJob tuning_job, session.client.GetTuningJob(id));
  PEGBOX_ASSIGN_OR_RETURN(std::vector<v1::TrialMeasurement> rows, session.client.ListMeasurements(trial_id));
  std::ostream& out = session.console.out;
  out << "trial       " << id << "/" << trial_id.number << " (" << StateName(trial.state()) << ")\n";
  PrintValue(trial, tuning_job.spec().objective().metric(), out);
  PrintGeneralisation(trial, ToCurves(std::move(rows)), out);
  PrintCheckpoint(trial, out);
  PrintRecommended(id, best, out);
  PrintParameters(trial, out);
  return absl::OkStatus();
}

absl::Status ShowTrial(Session& session, const std::string& trial) {
  PEGBOX_ASSIGN_OR_RETURN(const TrialId id, ParseTrialArgument(trial));
  PEGBOX_ASSIGN_OR_RETURN(const v1::Trial found, session.client.GetTrial(id));
  PEGBOX_ASSIGN_OR_RETURN(std::vector<v1::TrialMeasurement> rows, session.client.ListMeasurements(id));
  if (session.as_json) {
    v1::ListMeasurementsResponse response;
    response.mutable_measurements()->Assign(rows.begin(), rows.end());
    nlohmann::ordered_json document;
    document["trial"] = nlohmann::ordered_json::parse(ToJsonDocument(found));
    document["measurements"] = nlohmann::ordered_json::parse(ToJsonDocument(response)).at("measurements");
    session.console.out << document.dump(1) << "\n";
    return absl::OkStatus();
  }
  PEGBOX_ASSIGN_OR_RETURN(const v1::TuningJob job, session.client.GetTuningJob(id.job_id));
  PrintTrial(id, found, job.spec().objective().metric(), ToCurves(std::move(rows)), session.console.out);
  return absl::OkStatus();
}

absl::Status ShowLog(Session& session, const std::string& trial, int64_t attempt, bool follow) {
  PEGBOX_ASSIGN_OR_RETURN(const TrialId id, ParseTrialArgument(trial));
  std::ostream& out = session.console.out;
  // A log may hold any bytes, JSON only UTF-8: what is not is replaced.
  const auto json = [&](const std::string& log) {
    return nlohmann::ordered_json{{"name", TrialName(id)}, {"log", log}}.dump(
        -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  };
  std::string all;
  const absl::Status status =
      session.client.ReadTrialLog(id, {.attempt = attempt, .follow = follow}, [&](absl::string_view data) {
        if (!session.as_json) {
          out << data << std::flush;
        } else if (follow) {
          out << json(std::string(data)) << std::endl;
        } else {
          absl::StrAppend(&all, data);
        }
      });
  PEGBOX_RETURN_IF_ERROR(status);
  if (session.as_json && !follow) out << json(all) << "\n";
  return absl::OkStatus();
}

}  // namespace pegbox::cli
