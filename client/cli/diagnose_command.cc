#include "client/cli/diagnose_command.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/format.h"
#include "client/cli/json_output.h"
#include "client/cli/resource_argument.h"
#include "client/cli/text.h"
#include "common/status_macros.h"

namespace pegbox::cli {
namespace {

std::string VerdictName(v1::TuningJobDiagnosis::Verdict verdict) {
  switch (verdict) {
    case v1::TuningJobDiagnosis::OVERFITS:
      return "overfits";
    case v1::TuningJobDiagnosis::UNDERFITS:
      return "underfits";
    case v1::TuningJobDiagnosis::GENERALIZES:
      return "generalises";
    default:
      return "too few trials to judge";
  }
}

std::string TrialTable(const v1::TuningJobDiagnosis& diagnosis) {
  Table table({"  TRIAL", "VALUE", "BEST EPOCH", Printable(diagnosis.train_metric()),
               Printable(diagnosis.validation_metric()), "GAP", "DIVERGES AT", "LAST EPOCH"});
  for (const v1::TrialGeneralization& trial : diagnosis.trials()) {
    table.AddRow({absl::StrCat("  ", TrialNumber(trial.trial())), trial.has_value() ? FormatNumber(trial.value()) : "-",
                  absl::StrCat(trial.best_step()), FormatNumber(trial.train()), FormatNumber(trial.validation()),
                  FormatNumber(trial.gap()), trial.has_divergence_step() ? absl::StrCat(trial.divergence_step()) : "-",
                  absl::StrCat(trial.last_step())});
  }
  return table.ToString();
}

std::string FormatAssociation(const v1::ParameterEffect::Association& association) {
  return absl::StrFormat("%+.2f (p %.3f)", association.strength(), association.p_value());
}

std::string EffectTable(const v1::TuningJobDiagnosis& diagnosis) {
  Table table({"  PARAMETER", "WITH THE GAP", "GAP WHEN LOW", "GAP WHEN HIGH", "WITH A WORSE VALUE", "TRIALS"});
  for (const v1::ParameterEffect& effect : diagnosis.effects()) {
    table.AddRow({absl::StrCat("  ", Printable(effect.parameter()), effect.is_choice() ? " (choice)" : ""),
                  FormatAssociation(effect.with_gap()), FormatNumber(effect.low_gap()), FormatNumber(effect.high_gap()),
                  FormatAssociation(effect.with_value()), absl::StrCat(effect.trials())});
  }
  return table.ToString();
}

}  // namespace

absl::Status Diagnose(Session& session, const DiagnoseOptions& options) {
  v1::DiagnoseTuningJobRequest request;
  PEGBOX_ASSIGN_OR_RETURN(const std::string id, ParseJobArgument(options.job));
  request.set_name(TuningJobName(id));
  request.set_train_metric(options.train_metric);
  request.set_validation_metric(options.validation_metric);
  if (!options.goal.empty())
    request.set_goal(options.goal == "minimize" ? v1::Objective::MINIMIZE : v1::Objective::MAXIMIZE);
  PEGBOX_ASSIGN_OR_RETURN(const v1::TuningJobDiagnosis diagnosis, session.client.DiagnoseTuningJob(request));
  std::ostream& out = session.console.out;
  if (session.as_json) {
    out << ToJsonDocument(diagnosis);
    return absl::OkStatus();
  }
  out << "job         " << id << "\nverdict     " << VerdictName(diagnosis.verdict()) << "\n";
  for (const std::string& finding : diagnosis.findings()) out << "- " << Printable(finding) << "\n";
  if (!diagnosis.effects().empty()) out << "parameters, the strongest on the gap first\n" << EffectTable(diagnosis);
  if (!diagnosis.trials().empty()) out << "trials\n" << TrialTable(diagnosis);
  return absl::OkStatus();
}

}  // namespace pegbox::cli
