// Diagnoses from what is stored: reads a job's curves of training and validation and compares them.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/diagnosis/job_diagnosis.h"
#include "server/engine/core.h"

namespace pegbox {

struct DiagnosisRequest {
  std::string job_id;
  // Empty: from the objective "validation:X", which is compared with "train:X".
  std::string train_metric;
  std::string validation_metric;
  std::optional<Goal> goal;  // of both; the objective's when absent
};

// Thread-safe.
class JobDiagnoses {
 public:
  explicit JobDiagnoses(Core& core) : core_(core) {}

  // Over the newest 2,000 trials. NOT_FOUND: no such job. INVALID_ARGUMENT: a metric is missing that the objective's
  // name does not tell. Errors beside these: as Store::Read.
  absl::StatusOr<JobDiagnosis> Diagnose(const DiagnosisRequest& request);

 private:
  Core& core_;
};

}  // namespace pegbox
