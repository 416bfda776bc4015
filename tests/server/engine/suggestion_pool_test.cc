#include "server/engine/suggestion_pool.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/server/engine/engine_fixture.h"

namespace pegbox {
namespace {

using testing::ElementsAre;

// Takes as long as a surrogate of many trials does: above the time under which suggestions are not made ahead.
class SlowSearcher : public Searcher {
 public:
  SlowSearcher(ManualClock& clock, std::vector<int64_t>& numbers) : clock_(clock), numbers_(numbers) {}

  absl::StatusOr<std::vector<Suggestion>> Suggest(const SearchSnapshot& snapshot, int) override {
    clock_.Advance(absl::Milliseconds(20));
    numbers_.push_back(snapshot.next_trial_number);
    return std::vector<Suggestion>{{.parameters = {{"dropout", static_cast<double>(snapshot.next_trial_number) / 1000}},
                                    .provenance = {.source = "test"}}};
  }

 private:
  ManualClock& clock_;
  std::vector<int64_t>& numbers_;
};

class SuggestionPoolTest : public EngineFixture {
 protected:
  SuggestionPoolTest()
      : EngineFixture([this](const TuningJobSpec&) { return std::make_unique<SlowSearcher>(clock_, numbers_); }) {}

  // The first running trial ends well; the plan is carried out, but no suggestion is computed.
  void EndOne(const WorkerIdentity& worker, const AttemptId& id) {
    ASSERT_TRUE(Report(worker, id, 1, 0.5).ok());
    ASSERT_TRUE(Finish(worker, id, std::nullopt).ok());
    ASSERT_TRUE(reconciler_.Plan("job", clock_.Now()).ok());
  }

  std::vector<int64_t> numbers_;  // of the suggestions computed
};

TEST_F(SuggestionPoolTest, AReadySuggestionIsQueuedWithoutBeingWaitedFor) {
  CreateJob(SimpleSpec(100, 4));
  EXPECT_EQ(tuning_jobs_.Get("job")->counts.queued, 4);
  EXPECT_THAT(numbers_, ElementsAre(1, 2, 3, 4, 5)) << "and one is ready";
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  const AttemptId id = Sync(worker, 4)->start.at(0).id;
  EndOne(worker, id);
  EXPECT_EQ(GetTrial(5).state, TrialState::kQueued);
  EXPECT_EQ(GetTrial(5).parameters.at("dropout"), ParameterValue(0.005));
  EXPECT_EQ(numbers_.size(), 5) << "nothing was computed for it";
  Settle();
  EXPECT_EQ(numbers_.back(), 6) << "the next one is made ready";
  EXPECT_EQ(tuning_jobs_.Get("job")->counts.total(), 5);
}

TEST_F(SuggestionPoolTest, ReadySuggestionsVanishWithARestartAndAreMadeAgain) {
  CreateJob(SimpleSpec(100, 4));
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  const AttemptId id = Sync(worker, 4)->start.at(0).id;
  live_jobs_.Forget("job");
  EndOne(worker, id);
  EXPECT_EQ(tuning_jobs_.Get("job")->counts.total(), 4) << "none is ready";
  Settle();
  EXPECT_EQ(tuning_jobs_.Get("job")->counts.total(), 5);
  EXPECT_THAT(numbers_, ElementsAre(1, 2, 3, 4, 5, 5, 6));
}

TEST_F(SuggestionPoolTest, MaxJobsIsExactWithReadySuggestions) {
  CreateJob(SimpleSpec(6, 4));
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  std::vector<AttemptId> held;
  int64_t ended = 0;
  while (tuning_jobs_.Get("job")->job.state == JobState::kRunning && ended < 100) {
    const SyncResult result = Sync(worker, 4 - std::ssize(held), held).value();
    for (const TrialAssignment& assignment : result.start) held.push_back(assignment.id);
    ASSERT_FALSE(held.empty());
    EndOne(worker, held.front());
    held.erase(held.begin());
    ++ended;
    Settle();
  }
  EXPECT_EQ(ended, 6);
  EXPECT_EQ(numbers_.back(), 6) << "nothing is made ready that can never run";
  EXPECT_EQ(tuning_jobs_.Get("job")->job.end_reason, EndReason::kMaxJobs);
}

TEST_F(SuggestionPoolTest, EachSuggestionSeesTheLastResultWhenFewTrialsRunAtOnce) {
  CreateJob(SimpleSpec(100, 3));
  EXPECT_THAT(numbers_, ElementsAre(1, 2, 3));
  const WorkerIdentity worker = RegisterWorker("w", "incarnation-1");
  const AttemptId id = Sync(worker, 3)->start.at(0).id;
  EndOne(worker, id);
  EXPECT_EQ(tuning_jobs_.Get("job")->counts.total(), 3);
  Settle();
  EXPECT_EQ(tuning_jobs_.Get("job")->counts.total(), 4);
  EXPECT_THAT(numbers_, ElementsAre(1, 2, 3, 4));
}

}  // namespace
}  // namespace pegbox
