// pegbox-trainer: LibTorch training programs for trials. An ordinary program to the worker, like any user's.
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "absl/strings/str_format.h"
#include "common/status_macros.h"
#include "worker/trainers/command_line.h"
#include "worker/trainers/training.h"

namespace {

constexpr int kFailed = 1;
// As a shell reports a process that SIGTERM ended: the run is not finished, so it must not look like success.
constexpr int kEndedBySignal = 128 + SIGTERM;

std::atomic<bool> is_interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "set in a signal handler");

void HandleSignals() {
  struct sigaction action {};
  action.sa_handler = [](int) { is_interrupted = true; };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a reader of our output that is gone must not end the training
}

std::optional<std::string> ReadEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

absl::StatusOr<pegbox::trainer::TrainingOutcome> LoadAndTrain(const pegbox::trainer::TrainingSettings& settings,
                                                              pegbox::trainer::Reporter& reporter) {
  pegbox::trainer::TrainingImages images;
  PEGBOX_ASSIGN_OR_RETURN(images.split, pegbox::trainer::LoadSplit(settings.data_dir, settings.split));
  PEGBOX_ASSIGN_OR_RETURN(images.test, pegbox::trainer::LoadTestImages(settings.data_dir));
  return pegbox::trainer::Train(settings, images, reporter, is_interrupted);
}

int Conclude(const pegbox::trainer::TrainingOutcome& outcome, pegbox::trainer::Reporter& reporter) {
  switch (outcome.end) {
    case pegbox::trainer::TrainingEnd::kInterrupted:
      reporter.Print(absl::StrFormat("interrupted after epoch %d", outcome.epochs_done));
      return kEndedBySignal;
    case pegbox::trainer::TrainingEnd::kDiverged:
      std::cerr << "diverged: " << outcome.reason << "\n";
      return kFailed;
    case pegbox::trainer::TrainingEnd::kStopped:
      reporter.Print(absl::StrFormat("stopped after epoch %d: %s", outcome.epochs_done, outcome.reason));
      break;
    case pegbox::trainer::TrainingEnd::kCompleted:
      break;
  }
  if (outcome.test.has_value()) {
    reporter.Print(absl::StrFormat("best epoch %d of %d: validation loss %.4f, accuracy %.2f%%; test accuracy %.2f%%",
                                   outcome.best_epoch, outcome.epochs_done, outcome.best.validation.loss,
                                   100 * outcome.best.validation.accuracy, 100 * outcome.test->accuracy));
  }
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  HandleSignals();
  const auto parsed = pegbox::trainer::ParseCommandLine(argc, argv, ReadEnvironment);
  if (const auto* exit = std::get_if<pegbox::trainer::CommandLineExit>(&parsed)) {
    (exit->code == 0 ? std::cout : std::cerr) << exit->text;
    return exit->code;
  }
  const auto& settings = std::get<pegbox::trainer::TrainingSettings>(parsed);
  std::unique_ptr<pegbox::trainer::WorkerLink> link;
  if (!settings.socket_path.empty()) link = std::make_unique<pegbox::trainer::WorkerLink>(settings.socket_path);
  pegbox::trainer::Reporter reporter(std::move(link), std::cout);
  const absl::StatusOr<pegbox::trainer::TrainingOutcome> outcome = LoadAndTrain(settings, reporter);
  if (outcome.ok()) return Conclude(*outcome, reporter);
  std::cerr << "pegbox-trainer: " << outcome.status().message() << "\n";
  return absl::IsInvalidArgument(outcome.status()) ? pegbox::trainer::kUsageExitCode : kFailed;
}
