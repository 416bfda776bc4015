#include "server/engine/suggestion_pool.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "common/log.h"
#include "common/status_macros.h"

namespace pegbox {
namespace {

constexpr absl::Duration kIdle = absl::Seconds(1);
constexpr int64_t kPage = 10'000;

}  // namespace

void SuggestionPool::Run() {
  while (!jobs_to_suggest_.is_closed()) {
    const std::optional<std::string> job_id = jobs_to_suggest_.Pop(kIdle);
    if (!job_id.has_value()) continue;
    {
      absl::MutexLock lock(&mu_);
      if (!computing_.insert(*job_id).second) {
        again_.insert(*job_id);
        continue;
      }
    }
    const absl::Status status = SuggestFor(*job_id);
    if (!status.ok()) Log()->error("suggesting for {} failed: {}", TuningJobName(*job_id), status.ToString());
    absl::MutexLock lock(&mu_);
    computing_.erase(*job_id);
    if (again_.erase(*job_id) > 0) jobs_to_suggest_.Push(*job_id);
  }
}

absl::Status SuggestionPool::SuggestFor(absl::string_view job_id) {
  PEGBOX_ASSIGN_OR_RETURN(const std::shared_ptr<LiveJob> live_job, core_.live_jobs.Get(job_id));
  PEGBOX_ASSIGN_OR_RETURN(const Question question, Ask(*live_job));
  const int64_t wanted = question.planned.plan.suggestions;
  if (wanted == 0) return absl::OkStatus();
  const TuningJobSpec& spec = question.planned.job.spec;
  std::unique_ptr<Searcher>& searcher = live_job->searcher();
  if (searcher == nullptr) searcher = make_searcher_(spec);

  const absl::Time begin = absl::Now();
  PEGBOX_ASSIGN_OR_RETURN(std::vector<Suggestion> suggestions,
                          searcher->Suggest({.space = spec.search_space,
                                             .goal = spec.objective.goal,
                                             .seed = spec.strategy.seed.value(),
                                             .next_trial_number = question.planned.counts.total() + 1,
                                             .observations = question.observations},
                                            static_cast<int>(wanted)));
  const double milliseconds = absl::ToDoubleMilliseconds(absl::Now() - begin);
  for (Suggestion& suggestion : suggestions) {
    suggestion.provenance.suggest_milliseconds = milliseconds / static_cast<double>(suggestions.size());
  }
  const bool is_short = std::ssize(suggestions) < wanted;
  PEGBOX_ASSIGN_OR_RETURN(const bool are_all_queued, Insert(*live_job, question, std::move(suggestions)));
  if (is_short && are_all_queued) {
    live_job->set_space_exhausted();
    core_.jobs_to_plan.Push(job_id);
  }
  return absl::OkStatus();
}

absl::StatusOr<SuggestionPool::Question> SuggestionPool::Ask(const LiveJob& live_job) const {
  Question question;
  PEGBOX_RETURN_IF_ERROR(core_.store.Read([&](Reader& reader) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(question.planned, PlanFrom(reader, live_job, core_.clock.Now()));
    if (question.planned.plan.suggestions == 0) return absl::OkStatus();
    for (int64_t offset = 0;; offset += kPage) {
      PEGBOX_ASSIGN_OR_RETURN(const std::vector<Trial> trials,
                              reader.ListTrials(live_job.job().id, {.limit = kPage, .offset = offset}));
      for (const Trial& trial : trials) {
        std::optional<Observation> observation = live_job.Observe(trial);
        if (observation.has_value()) question.observations.push_back(*std::move(observation));
      }
      if (std::ssize(trials) < kPage) return absl::OkStatus();
    }
  }));
  return question;
}

absl::StatusOr<bool> SuggestionPool::Insert(const LiveJob& live_job, const Question& question,
                                            std::vector<Suggestion> suggestions) {
  const std::string& job_id = live_job.job().id;
  const absl::Time now = core_.clock.Now();
  bool are_all_queued = false;
  PEGBOX_RETURN_IF_ERROR(core_.store.Write(Store::Priority::kState, [&](Transaction& tx) -> absl::Status {
    PEGBOX_ASSIGN_OR_RETURN(const PlannedJob planned, PlanFrom(tx, live_job, now));
    const bool is_outdated = planned.counts.total() != question.planned.counts.total();
    if (is_outdated) return absl::OkStatus();
    are_all_queued = planned.plan.suggestions >= std::ssize(suggestions);
    if (!are_all_queued) suggestions.resize(planned.plan.suggestions);
    for (size_t i = 0; i < suggestions.size(); ++i) {
      Trial trial{.id = {.job_id = job_id, .number = planned.counts.total() + 1 + static_cast<int64_t>(i)},
                  .parameters = std::move(suggestions[i].parameters),
                  .provenance = std::move(suggestions[i].provenance),
                  .create_time = now};
      PEGBOX_RETURN_IF_ERROR(tx.PutTrial(trial));
    }
    return absl::OkStatus();
  }));
  core_.jobs_to_plan.Push(job_id);
  core_.signal.Notify(JobTopic(job_id));
  core_.signal.Notify(kDispatchTopic);
  return are_all_queued;
}

}  // namespace pegbox
