#include "server/store/json_codec.h"

#include "server/store/json_value.h"

namespace pegbox {
namespace {

Json JsonFromDoubles(const std::vector<double>& values) {
  Json json = Json::array();
  for (double value : values) json.push_back(JsonFromDouble(value));
  return json;
}

std::vector<double> DoublesFromJson(const Json& json) {
  std::vector<double> values;
  for (const Json& value : json) values.push_back(DoubleFromJson(value));
  return values;
}

Json JsonFromFit(const SurrogateFit& fit) {
  Json json = {{"objective_theta", JsonFromDoubles(fit.objective_theta)},
               {"outcomes", fit.outcomes},
               {"evaluations", fit.evaluations}};
  if (!fit.feasibility_theta.empty()) json["feasibility_theta"] = JsonFromDoubles(fit.feasibility_theta);
  return json;
}

SurrogateFit FitFromJson(const Json& json) {
  SurrogateFit fit{.objective_theta = DoublesFromJson(json.at("objective_theta"))};
  if (auto it = json.find("feasibility_theta"); it != json.end()) fit.feasibility_theta = DoublesFromJson(*it);
  ReadField(json, "outcomes", fit.outcomes);
  ReadField(json, "evaluations", fit.evaluations);
  return fit;
}

}  // namespace

std::string EncodeAssignment(const Assignment& assignment) {
  Json json = Json::object();
  for (const auto& [name, value] : assignment) json[name] = JsonFromValue(value);
  return JsonText(json);
}

absl::StatusOr<Assignment> DecodeAssignment(absl::string_view text) {
  return DecodeJson("assignment", text, [](const Json& json) {
    Assignment assignment;
    for (const auto& [name, value] : json.get_ref<const Json::object_t&>()) assignment[name] = ValueFromJson(value);
    return assignment;
  });
}

std::string EncodeProvenance(const Provenance& provenance) {
  Json json = {{"source", provenance.source},
               {"fit_evaluations", provenance.fit_evaluations},
               {"suggest_milliseconds", JsonFromDouble(provenance.suggest_milliseconds)},
               {"note", provenance.note}};
  if (provenance.acquisition_value) json["acquisition_value"] = JsonFromDouble(*provenance.acquisition_value);
  if (provenance.outcomes > 0) json["outcomes"] = provenance.outcomes;
  if (provenance.incumbent) json["incumbent"] = JsonFromDouble(*provenance.incumbent);
  if (provenance.fit) json["fit"] = JsonFromFit(*provenance.fit);
  return JsonText(json);
}

absl::StatusOr<Provenance> DecodeProvenance(absl::string_view text) {
  return DecodeJson("provenance", text, [](const Json& json) {
    Provenance provenance;
    json.at("source").get_to(provenance.source);
    ReadField(json, "fit_evaluations", provenance.fit_evaluations);
    ReadField(json, "note", provenance.note);
    if (auto it = json.find("suggest_milliseconds"); it != json.end()) {
      provenance.suggest_milliseconds = DoubleFromJson(*it);
    }
    if (auto it = json.find("acquisition_value"); it != json.end()) provenance.acquisition_value = DoubleFromJson(*it);
    ReadField(json, "outcomes", provenance.outcomes);
    if (auto it = json.find("incumbent"); it != json.end()) provenance.incumbent = DoubleFromJson(*it);
    if (auto it = json.find("fit"); it != json.end()) provenance.fit = FitFromJson(*it);
    return provenance;
  });
}

std::string EncodeStopDecision(const StopDecision& decision) {
  return JsonText({{"rule", decision.rule},
                   {"outcome", StoredName(decision.outcome)},
                   {"step", decision.step},
                   {"value", JsonFromDouble(decision.value)},
                   {"threshold", JsonFromDouble(decision.threshold)},
                   {"compared_trials", decision.compared_trials},
                   {"explanation", decision.explanation}});
}

absl::StatusOr<StopDecision> DecodeStopDecision(absl::string_view text) {
  return DecodeJson("stop decision", text, [](const Json& json) {
    StopDecision decision;
    json.at("rule").get_to(decision.rule);
    decision.outcome = EnumFromJson<StopDecision::Outcome>(json.at("outcome"));
    ReadField(json, "step", decision.step);
    decision.value = DoubleFromJson(json.at("value"));
    decision.threshold = DoubleFromJson(json.at("threshold"));
    ReadField(json, "compared_trials", decision.compared_trials);
    ReadField(json, "explanation", decision.explanation);
    return decision;
  });
}

std::string EncodeFailure(const Failure& failure) {
  return JsonText({{"kind", StoredName(failure.kind)},
                   {"detail", failure.detail},
                   {"exit_code", failure.exit_code},
                   {"signal", failure.signal}});
}

absl::StatusOr<Failure> DecodeFailure(absl::string_view text) {
  return DecodeJson("failure", text, [](const Json& json) {
    Failure failure;
    failure.kind = EnumFromJson<FailureKind>(json.at("kind"));
    ReadField(json, "detail", failure.detail);
    ReadField(json, "exit_code", failure.exit_code);
    ReadField(json, "signal", failure.signal);
    return failure;
  });
}

std::string EncodeTexts(const std::vector<std::string>& texts) { return JsonText(Json(texts)); }

absl::StatusOr<std::vector<std::string>> DecodeTexts(absl::string_view text) {
  return DecodeJson("list of texts", text, [](const Json& json) { return json.get<std::vector<std::string>>(); });
}

}  // namespace pegbox
