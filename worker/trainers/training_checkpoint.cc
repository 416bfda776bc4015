#include "worker/trainers/training_checkpoint.h"

#include <nlohmann/json.hpp>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "worker/trainers/checkpoint_file.h"

namespace pegbox::trainer {
namespace {

using Json = nlohmann::ordered_json;
using torch::serialize::InputArchive;
using torch::serialize::OutputArchive;

Json ToJson(const EpochMetrics& metrics) {
  return {{"train_loss", metrics.train.loss},
          {"train_accuracy", metrics.train.accuracy},
          {"validation_loss", metrics.validation.loss},
          {"validation_accuracy", metrics.validation.accuracy}};
}

EpochMetrics MetricsFromJson(const Json& json) {
  return {{json.at("train_loss"), json.at("train_accuracy")},
          {json.at("validation_loss"), json.at("validation_accuracy")}};
}

at::Generator GeneratorOf(torch::Device device) { return at::globalContext().defaultGenerator(device); }

template <typename Source>
void WriteNested(OutputArchive& archive, const std::string& key, const Source& source) {
  OutputArchive nested(archive.compilation_unit());
  source.save(nested);
  archive.write(key, nested);
}

template <typename Target>
void ReadNested(InputArchive& archive, const std::string& key, Target& target) {
  InputArchive nested;
  archive.read(key, nested);
  target.load(nested);
}

std::string ToBytes(OutputArchive& archive) {
  std::ostringstream bytes;
  archive.save_to(bytes);
  return std::move(bytes).str();
}

void WriteProgress(OutputArchive& archive, const std::string& configuration, const TrainingProgress& progress) {
  const Json json = {{"epochs_done", progress.epochs_done}, {"next_batch", progress.next_batch},
                     {"last", ToJson(progress.last)},       {"best_epoch", progress.best_epoch},
                     {"best", ToJson(progress.best)},       {"configuration", configuration}};
  archive.write("pegbox", c10::IValue(json.dump()));
}

absl::Status Restore(InputArchive& archive, const std::string& configuration, const TrainingState& state) {
  c10::IValue text;
  archive.read("pegbox", text);
  const Json json = Json::parse(text.toStringRef());
  const std::string found = json.at("configuration");
  if (found != configuration) {
    return absl::FailedPreconditionError(
        absl::StrCat("is of another configuration: ", found, "; this run's is ", configuration));
  }
  ReadNested(archive, "network", *state.network);
  ReadNested(archive, "best_network", *state.best_network);
  ReadNested(archive, "optimizer", state.optimizer);
  torch::Tensor generator_state;
  archive.read("generator", generator_state);
  GeneratorOf(state.device).set_state(generator_state.cpu());
  state.progress = {json.at("epochs_done"), json.at("next_batch"), MetricsFromJson(json.at("last")),
                    json.at("best_epoch"), MetricsFromJson(json.at("best"))};
  return absl::OkStatus();
}

}  // namespace

absl::Status TrainingCheckpoint::SaveBest(const TrainingState& state) const {
  if (!is_enabled()) return absl::OkStatus();
  OutputArchive archive;
  state.best_network->save(archive);
  WriteProgress(archive, configuration_, state.progress);
  return WriteFileAtomically(directory_ + "/best.pt", ToBytes(archive));
}

absl::Status TrainingCheckpoint::SaveLast(const TrainingState& state) const {
  if (!is_enabled()) return absl::OkStatus();
  OutputArchive archive;
  WriteNested(archive, "network", *state.network);
  WriteNested(archive, "best_network", *state.best_network);
  WriteNested(archive, "optimizer", state.optimizer);
  archive.write("generator", GeneratorOf(state.device).get_state());
  WriteProgress(archive, configuration_, state.progress);
  return WriteFileAtomically(LastPath(), SealPayload(ToBytes(archive)));
}

absl::Status TrainingCheckpoint::RestoreLast(const TrainingState& state) const {
  if (!is_enabled()) return absl::NotFoundError("no checkpoint directory");
  PEGBOX_ASSIGN_OR_RETURN(const std::string sealed, ReadWholeFile(LastPath()));
  const absl::StatusOr<std::string> payload = OpenSealed(sealed);
  absl::Status status = payload.status();
  if (payload.ok()) {
    try {
      std::istringstream bytes(*payload);
      InputArchive archive;
      archive.load_from(bytes, state.device);
      status = Restore(archive, configuration_, state);
    } catch (const c10::Error& error) {
      status = absl::DataLossError(absl::StrCat("cannot be read: ", error.what_without_backtrace()));
    } catch (const nlohmann::json::exception& error) {
      status = absl::DataLossError(absl::StrCat("cannot be read: ", error.what()));
    }
  }
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(LastPath(), ": ", std::string(status.message())));
}

}  // namespace pegbox::trainer
