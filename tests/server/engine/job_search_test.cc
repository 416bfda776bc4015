#include "server/engine/job_search.h"

#include "gmock/gmock.h"
#include "tests/server/engine/engine_fixture.h"

namespace pegbox {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr absl::Duration kForever = absl::InfiniteDuration();

TEST(SuggestionsAheadTest, EveryResultCountsWhenFewTrialsRunAtOnce) {
  EXPECT_EQ(SuggestionsAhead(3, absl::Seconds(1), absl::Seconds(1)), 0);
  EXPECT_EQ(SuggestionsAhead(4, absl::Seconds(1), absl::Seconds(1)), 4);
}

TEST(SuggestionsAheadTest, NothingIsMadeAheadThatIsQuicklyMade) {
  EXPECT_EQ(SuggestionsAhead(64, absl::ZeroDuration(), absl::ZeroDuration()), 0) << "none was made yet";
  EXPECT_EQ(SuggestionsAhead(64, absl::Milliseconds(9), absl::Milliseconds(1)), 0);
  EXPECT_EQ(SuggestionsAhead(64, absl::Milliseconds(10), absl::Milliseconds(1)), 4);
}

TEST(SuggestionsAheadTest, TheOftenerTrialsEndTheMoreAreReady) {
  const absl::Duration time = absl::Milliseconds(20);
  EXPECT_EQ(SuggestionsAhead(64, time, kForever), 1);
  EXPECT_EQ(SuggestionsAhead(64, time, 101 * time), 1);
  EXPECT_EQ(SuggestionsAhead(64, time, 11 * time), 2);
  EXPECT_EQ(SuggestionsAhead(64, time, 5 * time), 3);
  EXPECT_EQ(SuggestionsAhead(64, time, 2 * time), 4);
  EXPECT_EQ(SuggestionsAhead(64, time, time / 2), 4);
}

// Suggests x = number / 1000 and keeps what it was asked.
class RecordingSearcher : public Searcher {
 public:
  struct Question {
    int64_t number = 0;
    std::vector<Observation> observations;
    std::optional<SurrogateFit> last_fit;
  };

  explicit RecordingSearcher(std::vector<Question>& questions) : questions_(questions) {}

  absl::StatusOr<std::vector<Suggestion>> Suggest(const SearchSnapshot& snapshot, int count) override {
    EXPECT_EQ(count, 1);
    Question question{.number = snapshot.next_trial_number, .observations = snapshot.observations};
    if (snapshot.last_fit != nullptr) question.last_fit = *snapshot.last_fit;
    Suggestion suggestion{.parameters = {{"dropout", static_cast<double>(question.number) / 1000}},
                          .provenance = {.source = "test", .fit = question.last_fit}};
    questions_.push_back(std::move(question));
    return std::vector<Suggestion>{std::move(suggestion)};
  }

  bool IsFitDue(const SearchSnapshot& snapshot) const override {
    return CountEnded(snapshot) >= (snapshot.last_fit == nullptr ? 2 : snapshot.last_fit->outcomes + 2);
  }
  absl::StatusOr<SurrogateFit> Fit(const SearchSnapshot& snapshot) const override {
    return SurrogateFit{.objective_theta = {0.5}, .outcomes = CountEnded(snapshot)};
  }
  std::optional<int64_t> Recommend(const SearchSnapshot& snapshot) const override {
    return snapshot.observations.front().trial_number;
  }

 private:
  static int64_t CountEnded(const SearchSnapshot& snapshot) {
    int64_t ended = 0;
    for (const Observation& observation : snapshot.observations) {
      ended += observation.kind != Observation::Kind::kPending;
    }
    return ended;
  }

  std::vector<Question>& questions_;
};

class JobSearchTest : public EngineFixture {
 protected:
  JobSearchTest()
      : EngineFixture([this](const TuningJobSpec&) { return std::make_unique<RecordingSearcher>(questions_); }) {}

  JobSearch MakeSearch() { return {SimpleSpec(100, 1), std::make_unique<RecordingSearcher>(questions_), clock_}; }

  void Refresh(JobSearch& search) {
    const std::shared_ptr<LiveJob> live_job = live_jobs_.Get("job").value();
    ASSERT_TRUE(store_->Read([&](Reader& reader) { return search.Refresh(reader, *live_job); }).ok());
  }

  // The next trial, from its grant to its end.
  void RunTrial(std::optional<double> loss, std::optional<Failure> failure = std::nullopt) {
    const AttemptId id = Sync(worker_, 1)->start.at(0).id;
    if (loss.has_value()) {
      ASSERT_TRUE(Report(worker_, id, 1, *loss).ok());
    }
    ASSERT_TRUE(Finish(worker_, id, std::move(failure)).ok());
    clock_.Advance(absl::Seconds(1));
    Settle();
  }

  static std::vector<int64_t> Numbers(const std::vector<Observation>& observations) {
    std::vector<int64_t> numbers;
    for (const Observation& observation : observations) numbers.push_back(observation.trial_number);
    return numbers;
  }

  std::vector<RecordingSearcher::Question> questions_;
  WorkerIdentity worker_;
};

TEST_F(JobSearchTest, ReadySuggestionsCountAsRunningTrials) {
  CreateJob(SimpleSpec(100, 1));
  JobSearch search = MakeSearch();
  Refresh(search);
  questions_.clear();
  ASSERT_TRUE(search.Suggest(1).value());
  ASSERT_TRUE(search.Suggest(1).value());
  EXPECT_EQ(questions_[0].number, 2);
  EXPECT_THAT(Numbers(questions_[0].observations), ElementsAre(1));
  EXPECT_EQ(questions_[1].number, 3);
  EXPECT_THAT(Numbers(questions_[1].observations), ElementsAre(1, 2));
  EXPECT_EQ(questions_[1].observations[1].kind, Observation::Kind::kPending);
  EXPECT_EQ(search.CountReady(1), 2);
  EXPECT_EQ(search.Ready(2, 10).at(0).parameters.at("dropout"), ParameterValue(0.003));
  EXPECT_THAT(search.Ready(3, 10), IsEmpty());
  EXPECT_EQ(search.Ready(1, 1).size(), 1);
  search.DropUpTo(2);
  EXPECT_EQ(search.CountReady(0), 1);
}

TEST_F(JobSearchTest, KnowsWhatAFreshReadingWouldShow) {
  TuningJobSpec spec = SimpleSpec(100, 1);
  spec.early_stopping = {MedianRule{.min_completed_trials = 1, .min_steps = 1}};
  CreateJob(std::move(spec));
  worker_ = RegisterWorker("w", "incarnation-1");
  JobSearch old = MakeSearch();
  const auto expect_equal = [&] {
    JobSearch fresh = MakeSearch();
    Refresh(old);
    Refresh(fresh);
    questions_.clear();
    const int64_t trials = tuning_jobs_.Get("job")->counts.total();
    ASSERT_TRUE(old.Suggest(trials).value());
    ASSERT_TRUE(fresh.Suggest(trials).value());
    ASSERT_EQ(questions_[0].observations.size(), questions_[1].observations.size());
    for (size_t i = 0; i < questions_[0].observations.size(); ++i) {
      const Observation& a = questions_[0].observations[i];
      const Observation& b = questions_[1].observations[i];
      EXPECT_EQ(a.trial_number, b.trial_number);
      EXPECT_EQ(a.parameters, b.parameters);
      EXPECT_EQ(a.kind, b.kind);
      EXPECT_EQ(a.value, b.value);
    }
    old.DropUpTo(1'000'000);
  };
  expect_equal();
  RunTrial(0.5);
  expect_equal();
  RunTrial(0.9);
  EXPECT_EQ(GetTrial(2).state, TrialState::kEarlyStopped);
  expect_equal();
  RunTrial(std::nullopt, Failure{.kind = FailureKind::kOutOfMemory});
  expect_equal();
  RunTrial(0.3);  // the imputed value of trial 2 may change with it
  expect_equal();
  ASSERT_TRUE(tuning_jobs_.StopTrial({.job_id = "job", .number = 5}).ok());
  Settle();
  expect_equal();
  EXPECT_THAT(Numbers(questions_[0].observations), ElementsAre(1, 2, 3, 4, 6)) << "5 was canceled before it began";
}

TEST_F(JobSearchTest, AFitMadeBesideIsUsedAndStoredWithTheNextTrial) {
  CreateJob(SimpleSpec(100, 1));
  worker_ = RegisterWorker("w", "incarnation-1");
  RunTrial(0.5);
  RunTrial(0.4);
  EXPECT_FALSE(GetTrial(3).provenance.fit.has_value()) << "suggestions do not wait for the fit";
  const std::optional<absl::Status> fitted = suggestion_pool_.RunFitOnce(absl::ZeroDuration());
  ASSERT_TRUE(fitted.has_value());
  ASSERT_TRUE(fitted->ok()) << *fitted;
  RunTrial(0.3);
  EXPECT_EQ(GetTrial(4).provenance.fit->outcomes, 2);
  EXPECT_EQ(questions_.back().last_fit->outcomes, 2);

  live_jobs_.Forget("job");  // as a restart would
  RunTrial(0.2);
  EXPECT_EQ(questions_.back().last_fit, GetTrial(4).provenance.fit);
}

TEST_F(JobSearchTest, OneFitAtATimeIsClaimed) {
  CreateJob(SimpleSpec(100, 1));
  worker_ = RegisterWorker("w", "incarnation-1");
  RunTrial(0.5);
  RunTrial(0.4);
  JobSearch search = MakeSearch();
  Refresh(search);
  EXPECT_TRUE(search.ClaimFit());
  EXPECT_FALSE(search.ClaimFit()) << "it is being made";
  EXPECT_TRUE(search.MakeFit().ok());
  EXPECT_FALSE(search.ClaimFit()) << "it is new";
}

TEST_F(JobSearchTest, TheRecommendedTrialIsTheSearchsAndKnownUntilATrialChanges) {
  CreateJob(SimpleSpec(100, 1));
  worker_ = RegisterWorker("w", "incarnation-1");
  RunTrial(0.5);
  RunTrial(0.25);
  const BestTrialView view = best_trials_.Get("job").value();
  EXPECT_EQ(view.best.id.number, 2);
  EXPECT_EQ(view.recommended.id.number, 1);
  EXPECT_EQ(view.explanation,
            "with the noise of validation:loss taken off, trial 1 (0.5 observed) is better than trial 2, whose 0.25 is "
            "the best value observed and partly luck");
  ASSERT_TRUE(tuning_jobs_.Stop("job").ok());
  Settle();
  EXPECT_EQ(best_trials_.Get("job")->recommended.id.number, 1) << "of a job that has ended too";
}

}  // namespace
}  // namespace pegbox
