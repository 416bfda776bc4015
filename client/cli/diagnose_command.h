// pegbox diagnose: do the trials overfit, and what moves that?
#pragma once

#include <string>

#include "absl/status/status.h"
#include "client/cli/session.h"

namespace pegbox::cli {

struct DiagnoseOptions {
  std::string job;
  std::string train_metric;       // empty: from the objective's name
  std::string validation_metric;  // likewise
  std::string goal;               // "minimize", "maximize" or empty: the objective's
};

absl::Status Diagnose(Session& session, const DiagnoseOptions& options);

}  // namespace pegbox::cli
