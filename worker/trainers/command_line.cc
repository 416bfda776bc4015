#include "worker/trainers/command_line.h"

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/status_macros.h"

namespace pegbox::trainer {
namespace {

constexpr const char* kFooter = R"(Example:
  pegbox-trainer mlp --train-samples 2000 --learning-rate 0.002 --dropout 0.3 --weight-decay 0.01

In a Pegbox trial PEGBOX_PARAMS holds hyperparameters (a flag wins over it), PEGBOX_SEED the seed,
PEGBOX_CHECKPOINT_DIR the place of checkpoints and PEGBOX_SOCKET the worker's socket. Without the
socket each epoch prints a line "PEGBOX_METRICS {...}".
Exit codes: 0 finished or told to stop, 1 failed or diverged, 2 bad arguments, 143 ended by SIGTERM.)";

// What CLI11 fills in for one subcommand.
struct Flags {
  TrainingSettings settings;
  std::map<std::string, std::string> hyperparameters;  // text by name; absent flags are absent
  std::string device = "auto";
  CLI::Option* seed = nullptr;
  CLI::Option* checkpoint_dir = nullptr;
};

void AddHyperparameters(CLI::App& command, ModelKind model, Flags& flags) {
  for (const HyperparameterDescription& described : DescribeHyperparameters(model)) {
    const std::string flag = absl::StrCat("--", absl::StrReplaceAll(described.name, {{"_", "-"}}));
    command
        .add_option_function<std::string>(
            flag, [&flags, name = described.name](const std::string& text) { flags.hyperparameters[name] = text; },
            described.help)
        ->group("Hyperparameters");
  }
}

void AddOptions(CLI::App& command, ModelKind model, Flags& flags) {
  TrainingSettings& settings = flags.settings;
  settings.model = model;
  AddHyperparameters(command, model, flags);
  command.add_option("--data-dir", settings.data_dir, "Folder with the four IDX files of Fashion-MNIST")
      ->capture_default_str();
  command
      .add_option("--train-samples", settings.split.train_samples,
                  "Train on so many images, chosen by --data-seed; 0: all that validation leaves")
      ->capture_default_str();
  command
      .add_option("--validation-samples", settings.split.validation_samples,
                  "Training images held out for validation; the same for every trial")
      ->capture_default_str();
  command.add_option("--data-seed", settings.split.data_seed, "Chooses training and validation images")
      ->capture_default_str();
  flags.seed = command.add_option("--seed", settings.seed,
                                  "Initial weights, order of batches, dropout. Default PEGBOX_SEED, else 0");
  command.add_option("--threads", settings.threads, "CPU threads, 1 to 256")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command.add_option("--device", flags.device, "auto takes CUDA when there is one")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  command
      .add_option("--patience", settings.patience,
                  "End after so many epochs without a better objective; 0: leave stopping to the server")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command
      .add_option("--objective-metric", settings.objective_metric,
                  "Decides the best epoch: an accuracy is maximised, a loss minimised")
      ->check(CLI::IsMember({"train:loss", "train:accuracy", "validation:loss", "validation:accuracy"}))
      ->capture_default_str();
  flags.checkpoint_dir = command.add_option(
      "--checkpoint-dir", settings.checkpoint_dir,
      "Folder of best.pt and last.pt; the run resumes from last.pt. Default PEGBOX_CHECKPOINT_DIR, else none");
}

absl::StatusOr<TrainingSettings> ResolveSettings(Flags& flags, const Environment& environment) {
  TrainingSettings& settings = flags.settings;
  PEGBOX_ASSIGN_OR_RETURN(const auto params, ParseParams(settings.model, environment("PEGBOX_PARAMS").value_or("")));
  PEGBOX_ASSIGN_OR_RETURN(settings.hyperparameters,
                          ResolveHyperparameters(settings.model, flags.hyperparameters, params));
  const std::optional<std::string> seed = environment("PEGBOX_SEED");
  if (flags.seed->empty() && seed.has_value() && !absl::SimpleAtoi(*seed, &settings.seed)) {
    return absl::InvalidArgumentError(
        absl::StrCat("PEGBOX_SEED: must be a whole number in [0, 2^64); got \"", *seed, "\""));
  }
  if (flags.checkpoint_dir->empty()) settings.checkpoint_dir = environment("PEGBOX_CHECKPOINT_DIR").value_or("");
  settings.socket_path = environment("PEGBOX_SOCKET").value_or("");
  settings.device = flags.device == "cpu"    ? DeviceChoice::kCpu
                    : flags.device == "cuda" ? DeviceChoice::kCuda
                                             : DeviceChoice::kAuto;
  return settings;
}

}  // namespace

std::variant<TrainingSettings, CommandLineExit> ParseCommandLine(int argc, const char* const* argv,
                                                                 const Environment& environment) {
  CLI::App app("Trains one network on Fashion-MNIST as a trial of Pegbox.", "pegbox-trainer");
  app.require_subcommand(1);
  app.footer(kFooter);
  app.get_formatter()->column_width(36);
  Flags mlp;
  Flags cnn;
  CLI::App& mlp_command = *app.add_subcommand("mlp", "Fully connected layers");
  CLI::App& cnn_command = *app.add_subcommand("cnn", "Convolutions, then fully connected layers");
  AddOptions(mlp_command, ModelKind::kMlp, mlp);
  AddOptions(cnn_command, ModelKind::kCnn, cnn);
  for (CLI::App* command : {&mlp_command, &cnn_command}) command->footer(kFooter);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    const bool is_help = app.exit(error, out, out) == 0;
    return CommandLineExit{is_help ? 0 : kUsageExitCode, out.str()};
  }
  absl::StatusOr<TrainingSettings> settings = ResolveSettings(mlp_command.parsed() ? mlp : cnn, environment);
  if (settings.ok()) return *std::move(settings);
  return CommandLineExit{kUsageExitCode, absl::StrCat(std::string(settings.status().message()), "\n")};
}

}  // namespace pegbox::trainer
