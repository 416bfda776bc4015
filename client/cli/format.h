// Values of the contract as people read them. All text is safe to print on a terminal.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "pegbox/v1/trial.pb.h"
#include "pegbox/v1/tuning_job.pb.h"
#include "pegbox/v1/tuning_service.pb.h"

namespace pegbox::cli {

// Five significant digits: "0.48213", "1e-05".
std::string FormatNumber(double value);
std::string FormatValue(const v1::ParameterValue& value);
// "-" when absent.
std::string FormatNumber(const std::optional<double>& value);
// "dropout 0.31  learning_rate 0.0023", by name.
std::string FormatParameters(const v1::Trial& trial);
// "850ms", "42s", "3m 05s", "2h 14m", "3d 04h".
std::string FormatElapsed(absl::Duration duration);
// Local time, "2024-05-01 13:37:00"; "-" for a time that is not set.
std::string FormatTime(const google::protobuf::Timestamp& time);
absl::Time ToTime(const google::protobuf::Timestamp& time);

// "early stopped", "running": the enum's name for people.
std::string StateName(v1::Trial::State state);
std::string StateName(v1::TuningJob::State state);
std::string StateName(v1::Worker::State state);
std::string EndReasonName(v1::TuningJob::EndReason reason);
std::string FailureName(v1::Failure::Kind kind);
// "median at epoch 4", "patience at epoch 12", "stopped by the user"; empty when the trial was not stopped.
std::string StopSummary(const v1::Trial& trial);

// "7" of tuningJobs/fashion/trials/7, "fashion" of tuningJobs/fashion, "gpu-1" of workers/gpu-1.
std::string LastPart(absl::string_view name);
// 7 of tuningJobs/fashion/trials/7; 0 when the name is empty or not a trial's.
int64_t TrialNumber(absl::string_view name);

// Rows under headings, columns two spaces apart, no spaces at the ends of lines. Numbers in a column stand right.
class Table {
 public:
  explicit Table(std::vector<std::string> headings);
  // As many cells as headings.
  void AddRow(std::vector<std::string> cells);
  // Ends with a newline.
  std::string ToString() const;

 private:
  std::vector<std::vector<std::string>> rows_;  // the headings first
};

}  // namespace pegbox::cli
