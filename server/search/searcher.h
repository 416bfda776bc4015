// Which point of the search space to try next. Implementations may cache what they derived, but never let it show: a
// suggestion is a function of the snapshot alone, bit for bit on one machine.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "server/domain/objective.h"
#include "server/domain/search_space.h"
#include "server/domain/trial.h"

namespace pegbox {

// One trial as the search sees it. Trials lost to the infrastructure or canceled before they reported are left out.
struct Observation {
  enum class Kind {
    kPending,   // queued, running or stopping: contributes its place only
    kMeasured,  // `value` is the trial's value, or the imputed final value of a trial stopped early
    kFailed,    // out of memory, diverged, timed out or failed: no value, but a lesson
  };
  int64_t trial_number = 0;
  Assignment parameters;
  Kind kind = Kind::kPending;
  double value = 0;         // of kMeasured: finite, in the objective's own unit and direction
  bool is_imputed = false;  // of kMeasured: the trial was stopped early, so the value is what it would have reached
};

struct SearchSnapshot {
  const SearchSpace& space;
  Goal goal = Goal::kMinimize;
  uint64_t seed = 0;                             // the job's
  int64_t next_trial_number = 1;                 // of the first suggestion; the others follow
  const std::vector<Observation>& observations;  // by trial number
  // The newest fit that is stored with the job's trials, or that Fit made since. Null: there is none. Between fits, the
  // hyperparameters are these.
  const SurrogateFit* last_fit = nullptr;
};

struct Suggestion {
  Assignment parameters;  // valid in the snapshot's space
  Provenance provenance;  // all but suggest_milliseconds
};

// Suggest has one caller at a time; the const methods may be called from other threads beside it.
class Searcher {
 public:
  virtual ~Searcher() = default;

  // Up to `count` suggestions, none of them equal to an observation or to one another, unless the space is continuous
  // and chance wills it. Fewer, down to none: a finite space is used up. INTERNAL: a defect; the search never fails
  // because of data.
  virtual absl::StatusOr<std::vector<Suggestion>> Suggest(const SearchSnapshot& snapshot, int count) = 0;

  // A fit is due that is too long for a suggestion to wait for; smaller ones are made by Suggest. Cheap.
  virtual bool IsFitDue(const SearchSnapshot& snapshot) const;
  // That fit, for the snapshots to come. Takes up to seconds. FAILED_PRECONDITION: there is nothing to fit. INTERNAL: a
  // defect.
  virtual absl::StatusOr<SurrogateFit> Fit(const SearchSnapshot& snapshot) const;

  // The number of the completed trial that is best by what the search believes, its noise removed; of a noisy objective
  // the best value observed is partly luck. Nothing: too few values to say. Takes up to a second.
  virtual std::optional<int64_t> Recommend(const SearchSnapshot& snapshot) const;
};

}  // namespace pegbox
