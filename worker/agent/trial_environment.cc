#include "worker/agent/trial_environment.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "worker/agent/parameter_text.h"

namespace pegbox::worker {

std::string ParameterVariable(absl::string_view parameter_name) {
  std::string variable = "PEGBOX_PARAM_";
  for (const unsigned char c : parameter_name) {
    variable += absl::ascii_isalnum(c) ? absl::ascii_toupper(c) : '_';
  }
  return variable;
}

Environment MakeTrialEnvironment(const Assignment& assignment, const TrialSurroundings& surroundings) {
  Environment environment = surroundings.base;
  for (const auto& [name, value] : assignment.environment) environment[name] = value;
  for (const auto& [name, value] : assignment.parameters) environment[ParameterVariable(name)] = FormatParameter(value);
  environment["PEGBOX_PARAMS"] = ParametersJson(assignment.parameters);
  environment["PEGBOX_TRIAL"] = TrialName(assignment.id.trial);
  environment["PEGBOX_ATTEMPT"] = absl::StrCat(assignment.id.number);
  environment["PEGBOX_SEED"] = absl::StrCat(assignment.seed);
  environment["PEGBOX_CHECKPOINT_DIR"] = surroundings.checkpoint_folder;
  environment["PEGBOX_SOCKET"] = surroundings.socket_path;
  if (surroundings.slot.cuda_visible_devices.has_value()) {
    environment["CUDA_VISIBLE_DEVICES"] = *surroundings.slot.cuda_visible_devices;
  } else {
    environment.emplace("OMP_NUM_THREADS", "1");
  }
  return environment;
}

}  // namespace pegbox::worker
