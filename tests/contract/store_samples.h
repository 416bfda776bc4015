// Jobs, trials and measurements for tests of stores. Times are whole microseconds, as stores keep them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/domain/measurement.h"
#include "server/domain/trial.h"
#include "server/domain/tuning_job.h"
#include "server/domain/worker.h"

namespace pegbox {

// `seconds` after a fixed moment.
absl::Time SampleTime(int64_t seconds);

// A running job created at SampleTime(created).
TuningJob SampleJob(absl::string_view id, int64_t created = 0);
// With every optional field filled and every kind of parameter and rule.
TuningJobSpec FullSpec();

// A queued trial.
Trial SampleTrial(absl::string_view job_id, int64_t number);
// The trial, running as its attempt `attempt` on the worker.
Trial Running(Trial trial, absl::string_view worker_id = "worker-1", int64_t attempt = 1);
// A trial with every optional field filled.
Trial FullTrial(absl::string_view job_id, int64_t number);
Trial WithValue(Trial trial, double value, TrialState state = TrialState::kCompleted);

Worker SampleWorker(absl::string_view id);

Measurement SampleMeasurement(absl::string_view metric, int64_t step, double value);

}  // namespace pegbox
