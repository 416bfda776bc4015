// Job files for fake_trainer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pegbox::test {

// One parameter "x", a double in [0, 1], drawn at random from seed 7; the objective is validation:loss, minimized.
struct ScriptedJob {
  int64_t max_jobs = 1;
  int64_t max_parallel_jobs = 1;
  std::vector<std::string> trainer;  // flags of fake_trainer
  std::vector<std::string> command;  // instead of fake_trainer
  std::string objective = "{metric: validation:loss, goal: minimize}";
  std::vector<std::string> settings;        // further lines at the top level
  std::vector<std::string> trial_settings;  // further lines of `trial`
};

// What makes the worker find, in the output of fake_trainer --report=regex, what the other ways report.
std::vector<std::string> RegexTrialSettings();

// The text of the job file. `trainer_path` and `record_path` go into the command.
std::string ToYaml(const ScriptedJob& job, const std::string& trainer_path, const std::string& record_path);

}  // namespace pegbox::test
