#include "server/engine/best_trials.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status_macros.h"
#include "server/engine/job_search.h"

namespace pegbox {
namespace {

constexpr size_t kMaxRemembered = 1000;

std::string Explain(const TuningJob& job, const Trial& best, const Trial& recommended) {
  if (best.id == recommended.id) return "the best value observed is the one to trust";
  return absl::StrCat("with the noise of ", job.spec.objective.metric, " taken off, trial ", recommended.id.number,
                      " (", ToString(recommended.value.value()), " observed) is better than trial ", best.id.number,
                      ", whose ", ToString(best.value.value()), " is the best value observed and partly luck");
}

}  // namespace

absl::StatusOr<BestTrialView> BestTrials::Get(absl::string_view job_id) {
  TuningJob job;
  std::optional<Trial> best;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(job, reader.GetTuningJob(job_id));
    PEGBOX_ASSIGN_OR_RETURN(best, reader.FindBestTrial(job_id, job.spec.objective.goal));
    return absl::OkStatus();
  }));
  if (!best.has_value())
    return absl::NotFoundError(absl::StrCat(TuningJobName(job_id), " has no trial with a value yet"));
  PEGBOX_ASSIGN_OR_RETURN(const std::optional<int64_t> number, Recommend(job));
  BestTrialView view = {.best = *best, .recommended = *best};
  if (number.has_value() && *number != best->id.number) {
    PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
      PEGBOX_ASSIGN_OR_RETURN(view.recommended, reader.GetTrial({.job_id = job.id, .number = *number}));
      return absl::OkStatus();
    }));
  }
  view.explanation = Explain(job, view.best, view.recommended);
  return view;
}

absl::StatusOr<std::optional<int64_t>> BestTrials::Recommend(const TuningJob& job) {
  Recommendation known = {.revision = -1};
  {
    absl::MutexLock lock(&mu_);
    const auto it = recommendations_.find(job.id);
    if (it != recommendations_.end()) known = it->second;
  }
  std::shared_ptr<LiveJob> live_job;
  if (!IsTerminal(job.state)) {
    PEGBOX_ASSIGN_OR_RETURN(live_job, core_.live_jobs.Get(job.id));
  }
  JobSearch search(job.spec, make_searcher_(job.spec), core_.clock);
  bool is_known = false;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    if (known.revision >= 0) {
      PEGBOX_ASSIGN_OR_RETURN(const std::vector<Trial> changed,
                              reader.ListTrials(job.id, {.since_revision = known.revision, .limit = 1}));
      is_known = changed.empty();
      if (is_known) return absl::OkStatus();
    }
    if (live_job == nullptr) {
      PEGBOX_ASSIGN_OR_RETURN(live_job, LiveJob::Load(reader, job.id));
    }
    PEGBOX_ASSIGN_OR_RETURN(known.revision, reader.Revision());
    return search.Refresh(reader, *live_job);
  }));
  if (is_known) return known.trial_number;
  known.trial_number = search.Recommend();
  absl::MutexLock lock(&mu_);
  if (recommendations_.size() >= kMaxRemembered) recommendations_.clear();
  recommendations_.insert_or_assign(job.id, known);
  return known.trial_number;
}

}  // namespace pegbox
