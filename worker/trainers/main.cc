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

absl::StatusOr<pegbox::TrainingOutcome> LoadAndTrain(const pegbox::TrainingSettings& settings,
                                                     pegbox::Reporter& reporter) {
  pegbox::TrainingImages images;
  PEGBOX_ASSIGN_OR_RETURN(images.split, pegbox::LoadSplit(settings.data_dir, settings.split));
  PEGBOX_ASSIGN_OR_RETURN(images.test, pegbox::LoadTestImages(settings.data_dir));
  return pegbox::Train(settings, images, reporter, is_interrupted);
}

int Conclude(const pegbox::TrainingOutcome& outcome, pegbox::Reporter& reporter) {
  switch (outcome.end) {
    case pegbox::TrainingEnd::kInterrupted:
      reporter.Print(absl::StrFormat("interrupted after epoch %d", outcome.epochs_done));
      return kEndedBySignal;
    case pegbox::TrainingEnd::kDiverged:
      std::cerr << "diverged: " << outcome.reason << "\n";
      return kFailed;
    case pegbox::TrainingEnd::kStopped:
      reporter.Print(absl::StrFormat("stopped after epoch %d: %s", outcome.epochs_done, outcome.reason));
      break;
    case pegbox::TrainingEnd::kCompleted:
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
  const auto parsed = pegbox::ParseCommandLine(argc, argv, ReadEnvironment);
  if (const auto* exit = std::get_if<pegbox::CommandLineExit>(&parsed)) {
    (exit->code == 0 ? std::cout : std::cerr) << exit->text;
    return exit->code;
  }
  const auto& settings = std::get<pegbox::TrainingSettings>(parsed);
  std::unique_ptr<pegbox::WorkerLink> link;
  if (!settings.socket_path.empty()) link = std::make_unique<pegbox::WorkerLink>(settings.socket_path);
  pegbox::Reporter reporter(std::move(link), std::cout);
  const absl::StatusOr<pegbox::TrainingOutcome> outcome = LoadAndTrain(settings, reporter);
  if (outcome.ok()) return Conclude(*outcome, reporter);
  std::cerr << "pegbox-trainer: " << outcome.status().message() << "\n";
  return absl::IsInvalidArgument(outcome.status()) ? pegbox::kUsageExitCode : kFailed;
}
