// What a watch knows of its job so far, and the numbers that people ask of it. No I/O, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "pegbox/v1/tuning_service.pb.h"

namespace pegbox::cli {

bool HasEnded(const v1::TuningJob& job);
bool HasEnded(const v1::Trial& trial);

// Thread-compatible.
class JobProgress {
 public:
  // What one event changed that is worth a line.
  struct Changes {
    std::vector<int64_t> ended_trials;  // by number
    bool is_best_new = false;           // best() is another trial, or has another value
  };

  // Events in the order of the stream. One that comes twice changes nothing the second time.
  Changes Apply(const v1::WatchTuningJobResponse& event);

  const v1::TuningJob& job() const { return job_; }
  const std::map<int64_t, v1::Trial>& trials() const { return trials_; }
  // Null before the first value.
  const v1::Trial* best() const;

  // Reports of the objective by step. Where a later attempt reported a step again, its value.
  const std::map<int64_t, double>& Curve(int64_t trial_number) const;

  // An epoch is one report of the objective.
  struct Epochs {
    int64_t run = 0;             // by all trials
    int64_t stopped_trials = 0;  // ended by a stopping rule
    // Over the stopped trials: the number of epochs of the longest completed trial less their own.
    int64_t saved = 0;
  };
  Epochs CountEpochs() const;

  // What the search won over its first points, which no model chose. Absent before there are values of both kinds.
  struct Gain {
    int64_t initial_trials = 0;  // those with a value
    double initial_best = 0;
    double best = 0;  // of all trials
  };
  std::optional<Gain> SearchGain() const;

 private:
  bool IsBetter(double a, double b) const;

  v1::TuningJob job_;
  std::map<int64_t, v1::Trial> trials_;
  struct Report {
    int64_t attempt = 0;
    double value = 0;
  };
  std::map<int64_t, std::map<int64_t, Report>> reports_;  // trial, step
  std::map<int64_t, std::map<int64_t, double>> curves_;   // the same, values only
};

}  // namespace pegbox::cli
