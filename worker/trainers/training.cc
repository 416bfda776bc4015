#include "worker/trainers/training.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/status_macros.h"
#include "worker/trainers/compute_device.h"
#include "worker/trainers/network.h"
#include "worker/trainers/permutation.h"
#include "worker/trainers/regularized_optimizer.h"
#include "worker/trainers/training_checkpoint.h"

namespace pegbox::trainer {
namespace {

double Objective(const TrainingSettings& settings, const EpochMetrics& metrics) {
  const std::string& name = settings.objective_metric;
  if (name == "train:loss") return metrics.train.loss;
  if (name == "train:accuracy") return metrics.train.accuracy;
  return name == "validation:accuracy" ? metrics.validation.accuracy : metrics.validation.loss;
}

// The accuracy of outputs that are not numbers means nothing.
void SpoilAccuracyOfBadLoss(Evaluation& evaluation) {
  if (!std::isfinite(evaluation.loss)) evaluation.accuracy = std::numeric_limits<double>::quiet_NaN();
}

class Training {
 public:
  Training(const TrainingSettings& settings, Reporter& reporter, const std::atomic<bool>& is_interrupted,
           torch::Device device)
      : settings_(settings),
        reporter_(reporter),
        is_interrupted_(is_interrupted),
        device_(device),
        checkpoint_(settings.checkpoint_dir, DescribeConfiguration(settings)) {}

  absl::StatusOr<TrainingOutcome> Run(const TrainingImages& images) {
    train_ = ToTensors(images.split.train, device_);
    validation_ = ToTensors(images.split.validation, device_);
    train_sample_ = train_.First(std::min(train_.size(), validation_.size()));
    PEGBOX_RETURN_IF_ERROR(MakeState(images.split.train));
    PEGBOX_RETURN_IF_ERROR(Resume(images.split.train));
    while (!HasEnded() && progress_.epochs_done < settings_.hyperparameters.epochs && !IsOutOfPatience()) RunEpoch();
    if (outcome_.end == TrainingEnd::kStopped || outcome_.end == TrainingEnd::kInterrupted) SaveLast();
    if (outcome_.end == TrainingEnd::kCompleted || outcome_.end == TrainingEnd::kStopped) Test(images.test);
    outcome_.epochs_done = progress_.epochs_done;
    outcome_.best_epoch = progress_.best_epoch;
    outcome_.best = progress_.best;
    return std::move(outcome_);
  }

 private:
  TrainingState State() { return {progress_, *network_, *best_network_, optimizer_->inner(), device_}; }

  absl::Status MakeState(const LabeledImages& images) {
    PEGBOX_ASSIGN_OR_RETURN(best_network_, MakeNetwork(settings_, images.rows, images.columns));
    torch::manual_seed(settings_.seed);
    PEGBOX_ASSIGN_OR_RETURN(network_, MakeNetwork(settings_, images.rows, images.columns));
    (*network_)->to(device_);
    (*best_network_)->to(device_);
    optimizer_.emplace(settings_.hyperparameters, *network_);
    progress_ = {};
    return absl::OkStatus();
  }

  absl::Status Resume(const LabeledImages& images) {
    const absl::Status status = checkpoint_.RestoreLast(State());
    if (status.ok()) {
      reporter_.Print(absl::StrCat("resumed after epoch ", progress_.epochs_done));
      if (progress_.epochs_done > 0) Report(/*has_checkpoint=*/true);
      return status;
    }
    if (absl::IsNotFound(status)) return absl::OkStatus();
    std::cerr << status.message() << "; training starts afresh\n";
    return MakeState(images);
  }

  // Looks at the signal and at the socket; cheap enough for every batch.
  bool HasEnded() {
    if (outcome_.end != TrainingEnd::kCompleted) return true;
    if (is_interrupted_) {
      outcome_.end = TrainingEnd::kInterrupted;
    } else if (StopReason stop = reporter_.PollStop(); stop.has_value()) {
      outcome_.end = TrainingEnd::kStopped;
      outcome_.reason = *std::move(stop);
    }
    return outcome_.end != TrainingEnd::kCompleted;
  }

  bool IsOutOfPatience() const {
    return settings_.patience > 0 && progress_.epochs_done - progress_.best_epoch >= settings_.patience;
  }

  void RunEpoch() {
    const int64_t batch_size = settings_.hyperparameters.batch_size;
    const int64_t batches = (train_.size() + batch_size - 1) / batch_size;
    std::vector<int64_t> order =
        SeededPermutation(train_.size(), DeriveSeed(settings_.seed, static_cast<uint64_t>(progress_.epochs_done)));
    const torch::Tensor rows = torch::tensor(order, torch::kLong).to(device_);
    (*network_)->train();
    double batch_loss = 0;
    for (; progress_.next_batch < batches && std::isfinite(batch_loss); ++progress_.next_batch) {
      if (HasEnded()) return;
      const int64_t first = progress_.next_batch * batch_size;
      batch_loss = TrainBatch(rows.narrow(0, first, std::min(batch_size, train_.size() - first)));
    }
    const auto should_abandon = [this] { return HasEnded(); };
    std::optional<Evaluation> train = Evaluate(*network_, train_sample_, should_abandon);
    if (!train.has_value()) return;
    std::optional<Evaluation> validation = Evaluate(*network_, validation_, should_abandon);
    if (!validation.has_value()) return;
    if (!std::isfinite(batch_loss)) train->loss = batch_loss;
    CloseEpoch({*train, *validation});
  }

  double TrainBatch(const torch::Tensor& rows) {
    const torch::Tensor logits = (*network_)->forward(train_.images.index_select(0, rows));
    const torch::Tensor loss = torch::nn::functional::cross_entropy(logits, train_.labels.index_select(0, rows));
    optimizer_->Step(loss);
    return loss.item<double>();
  }

  void CloseEpoch(EpochMetrics metrics) {
    SpoilAccuracyOfBadLoss(metrics.train);
    SpoilAccuracyOfBadLoss(metrics.validation);
    ++progress_.epochs_done;
    progress_.next_batch = 0;
    progress_.last = metrics;
    outcome_.history.push_back(metrics);
    if (!std::isfinite(metrics.train.loss) || !std::isfinite(metrics.validation.loss)) {
      outcome_.end = TrainingEnd::kDiverged;
      outcome_.reason = absl::StrCat("epoch ", progress_.epochs_done, " has train:loss ",
                                     FormatMetric(metrics.train.loss), " and validation:loss ",
                                     FormatMetric(metrics.validation.loss), "; a smaller learning_rate helps");
      Report(/*has_checkpoint=*/false);
      return;
    }
    const bool has_best = IsBest(metrics) ? KeepBest() : true;
    Report(SaveLast() && has_best);
  }

  bool IsBest(const EpochMetrics& metrics) const {
    if (progress_.best_epoch == 0) return true;
    const double now = Objective(settings_, metrics);
    const double best = Objective(settings_, progress_.best);
    return IsMaximized(settings_.objective_metric) ? now > best : now < best;
  }

  bool KeepBest() {
    progress_.best_epoch = progress_.epochs_done;
    progress_.best = progress_.last;
    CopyWeights(*network_, *best_network_);
    return IsSaved(checkpoint_.SaveBest(State()));
  }

  bool SaveLast() { return IsSaved(checkpoint_.SaveLast(State())); }

  bool IsSaved(const absl::Status& status) const {
    if (!status.ok()) std::cerr << status.message() << "; training goes on without this checkpoint\n";
    return status.ok() && checkpoint_.is_enabled();
  }

  void Report(bool has_checkpoint) {
    const EpochMetrics& last = progress_.last;
    reporter_.Send(absl::StrFormat("epoch %d/%d", progress_.epochs_done, settings_.hyperparameters.epochs),
                   {progress_.epochs_done,
                    {{"train:loss", last.train.loss},
                     {"train:accuracy", last.train.accuracy},
                     {"validation:loss", last.validation.loss},
                     {"validation:accuracy", last.validation.accuracy}},
                    has_checkpoint});
  }

  // A stopped trial is tested too, since one out of patience may be the best of its job; a signal ends the test.
  void Test(const LabeledImages& images) {
    if (progress_.best_epoch == 0) return;
    outcome_.test = Evaluate(*best_network_, ToTensors(images, device_), [this] { return is_interrupted_.load(); });
    if (!outcome_.test.has_value()) {
      outcome_.end = TrainingEnd::kInterrupted;
      return;
    }
    reporter_.Send(absl::StrFormat("test of epoch %d", progress_.best_epoch),
                   {progress_.best_epoch,
                    {{"test:loss", outcome_.test->loss}, {"test:accuracy", outcome_.test->accuracy}},
                    checkpoint_.is_enabled()});
  }

  // Constant after construction.
  const TrainingSettings& settings_;
  Reporter& reporter_;
  const std::atomic<bool>& is_interrupted_;
  const torch::Device device_;
  const TrainingCheckpoint checkpoint_;
  ImageTensors train_;
  ImageTensors train_sample_;
  ImageTensors validation_;

  // What training changes.
  TrainingProgress progress_;
  std::optional<torch::nn::Sequential> network_;
  std::optional<torch::nn::Sequential> best_network_;
  std::optional<RegularizedOptimizer> optimizer_;
  TrainingOutcome outcome_;
};

}  // namespace

absl::StatusOr<TrainingOutcome> Train(const TrainingSettings& settings, const TrainingImages& images,
                                      Reporter& reporter, const std::atomic<bool>& is_interrupted) {
  try {
    PEGBOX_ASSIGN_OR_RETURN(const torch::Device device, PrepareDevice(settings));
    return Training(settings, reporter, is_interrupted, device).Run(images);
  } catch (const c10::OutOfMemoryError& error) {
    return absl::ResourceExhaustedError(
        absl::StrCat("out of memory: ", error.what_without_backtrace(), "; a smaller batch_size or network helps"));
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("out of memory: a smaller batch_size or network helps");
  } catch (const c10::Error& error) {
    return absl::InternalError(absl::StrCat("LibTorch failed: ", error.what_without_backtrace()));
  }
}

}  // namespace pegbox::trainer
