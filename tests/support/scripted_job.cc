#include "tests/support/scripted_job.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"

namespace pegbox::test {

std::vector<std::string> RegexTrialSettings() {
  return {"metric_definitions:", R"(- {name: "pegbox:step", regex: 'epoch (\d+)'})",
          R"(- {name: "validation:loss", regex: 'val_loss=(\S+)'})",
          R"(- {name: "train:loss", regex: 'train_loss=(\S+)'})"};
}

std::string ToYaml(const ScriptedJob& job, const std::string& trainer_path, const std::string& record_path) {
  std::vector<std::string> command = job.command;
  if (command.empty()) {
    command = {trainer_path, "--record", record_path};
    command.insert(command.end(), job.trainer.begin(), job.trainer.end());
  }
  std::string yaml =
      absl::StrCat("objective: ", job.objective, "\nparameters:\n  - {name: x, double: {min: 0, max: 1}}\n",
                   "max_jobs: ", job.max_jobs, "\nmax_parallel_jobs: ", job.max_parallel_jobs,
                   "\nstrategy: {algorithm: random, seed: 7}\n");
  for (const std::string& line : job.settings) absl::StrAppend(&yaml, line, "\n");
  // YAML takes JSON.
  absl::StrAppend(&yaml, "trial:\n  command: ", nlohmann::json(command).dump(), "\n");
  for (const std::string& line : job.trial_settings) absl::StrAppend(&yaml, "  ", line, "\n");
  return yaml;
}

}  // namespace pegbox::test
