#include "client/cli/watch_view.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/text.h"

namespace pegbox::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

v1::WatchTuningJobResponse Event(const std::string& text) {
  v1::WatchTuningJobResponse event;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &event)) << text;
  return event;
}

// The job after `counts`; created at second 1000.
std::string Job(const std::string& more) {
  return absl::StrCat(R"pb(tuning_job { name: "tuningJobs/fashion"
                                        spec {
                                          objective { metric: "validation:loss" goal: MINIMIZE }
                                          max_jobs: 6
                                        }
                                        create_time { seconds: 1000 })pb",
                      more, "}");
}

std::string TrialText(int number, const std::string& source, const std::string& more) {
  return absl::StrCat("trials { name: \"tuningJobs/fashion/trials/", number, "\" attempt: 1 provenance { source: \"",
                      source, "\" } parameters { key: \"dropout\" value { double_value: 0.", number, " } } ", more,
                      "}");
}

std::string Curve(int trial, const std::vector<double>& values, int attempt = 1) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) {
    absl::StrAppend(&text, "measurements { trial_number: ", trial, " attempt: ", attempt,
                    " measurement { metric: \"validation:loss\" step: ", i + 1, " value: ", values[i], " } }");
  }
  return text;
}

// Trials 1 and 2 are random points, 3 and 4 the model's; 2 was stopped by the median rule, 4 failed; 5 runs.
JobProgress InMidJob() {
  JobProgress progress;
  progress.Apply(Event(absl::StrCat(
      Job("state: RUNNING best_trial: \"tuningJobs/fashion/trials/3\" "
          "trial_counts { completed: 2 early_stopped: 1 failed: 1 running: 1 queued: 1 }"),
      TrialText(1, "initial", "state: COMPLETED value: 0.8 best_step: 3 last_step: 4"),
      TrialText(2, "initial",
                "state: EARLY_STOPPED value: 1.5 best_step: 1 last_step: 1 stop { rule: \"median\" step: 1 }"),
      TrialText(3, "log_ei",
                "state: COMPLETED value: 0.5 best_step: 4 last_step: 4 checkpoint_path: \"/data/trials/3\""),
      TrialText(4, "log_ei", "state: FAILED failure { kind: EXIT_CODE exit_code: 3 detail: \"exit code 3\" }"),
      TrialText(5, "log_ei", "state: RUNNING"), TrialText(6, "log_ei", "state: QUEUED"),
      Curve(1, {1.0, 0.9, 0.8, 0.85}), Curve(2, {1.5}), Curve(3, {0.8, 0.7, 0.6, 0.5}), Curve(5, {0.9, 0.8}))));
  return progress;
}

TEST(JobProgressTest, EpochsSavedAreThoseOfTheLongestCompletedTrialLessTheStoppedOnes) {
  const JobProgress::Epochs epochs = InMidJob().CountEpochs();
  EXPECT_EQ(epochs.run, 11);
  EXPECT_EQ(epochs.stopped_trials, 1);
  EXPECT_EQ(epochs.saved, 3);
}

TEST(JobProgressTest, TrialsThatPatienceEndedSaveEpochsToo) {
  JobProgress progress = InMidJob();
  progress.Apply(Event(absl::StrCat(
      TrialText(5, "log_ei", "state: COMPLETED value: 0.8 best_step: 2 stop { rule: \"patience\" step: 2 }"))));
  EXPECT_EQ(progress.CountEpochs().stopped_trials, 2);
  EXPECT_EQ(progress.CountEpochs().saved, 3 + 2);
}

TEST(JobProgressTest, ATrialThatNobodyCompletedLongerSavesNothing) {
  JobProgress progress;
  progress.Apply(
      Event(absl::StrCat(Job("state: RUNNING"), TrialText(1, "initial", "state: EARLY_STOPPED"), Curve(1, {1, 2, 3}))));
  EXPECT_EQ(progress.CountEpochs().saved, 0);
}

TEST(JobProgressTest, GainComparesTheBestRandomPointWithTheBestOfAll) {
  const auto gain = InMidJob().SearchGain();
  ASSERT_TRUE(gain.has_value());
  EXPECT_EQ(gain->initial_trials, 2);
  EXPECT_EQ(gain->initial_best, 0.8);
  EXPECT_EQ(gain->best, 0.5);
}

TEST(JobProgressTest, AWhollyRandomSearchHasNoGain) {
  JobProgress progress;
  progress.Apply(Event(absl::StrCat(Job("state: RUNNING best_trial: \"tuningJobs/fashion/trials/1\""),
                                    TrialText(1, "random", "state: COMPLETED value: 1"),
                                    TrialText(2, "random", "state: COMPLETED value: 2"))));
  EXPECT_FALSE(progress.SearchGain().has_value());
}

TEST(JobProgressTest, AnEventThatComesTwiceChangesNothing) {
  JobProgress progress;
  const auto event = Event(absl::StrCat(Job("state: RUNNING best_trial: \"tuningJobs/fashion/trials/1\""),
                                        TrialText(1, "initial", "state: COMPLETED value: 1"), Curve(1, {2, 1})));
  const JobProgress::Changes first = progress.Apply(event);
  EXPECT_THAT(first.ended_trials, ElementsAre(1));
  EXPECT_TRUE(first.is_best_new);
  const JobProgress::Changes second = progress.Apply(event);
  EXPECT_THAT(second.ended_trials, IsEmpty());
  EXPECT_FALSE(second.is_best_new);
  EXPECT_EQ(progress.CountEpochs().run, 2);
}

TEST(JobProgressTest, ALaterAttemptsReportOfAStepWins) {
  JobProgress progress;
  progress.Apply(Event(absl::StrCat(Job("state: RUNNING"), Curve(1, {3, 2, 1}, 1), Curve(1, {5}, 2))));
  progress.Apply(Event(Curve(1, {9, 9}, 1)));
  EXPECT_THAT(progress.Curve(1), ElementsAre(std::pair(1, 5.0), std::pair(2, 2.0), std::pair(3, 1.0)));
}

TEST(JobProgressTest, OtherMetricsAreNotTheCurve) {
  JobProgress progress;
  progress.Apply(Event(absl::StrCat(
      Job("state: RUNNING"),
      "measurements { trial_number: 1 attempt: 1 measurement { metric: \"train:loss\" step: 1 value: 3 } }")));
  EXPECT_THAT(progress.Curve(1), IsEmpty());
}

TEST(WatchViewTest, NothingIsDrawnBeforeTheJobIsKnown) {
  EXPECT_THAT(LiveLines(JobProgress(), {}, absl::FromUnixSeconds(1100)), IsEmpty());
}

TEST(WatchViewTest, LiveViewShowsProgressBestAndRunningTrials) {
  EXPECT_THAT(LiveLines(InMidJob(), {.width = 200}, absl::FromUnixSeconds(1072)),
              ElementsAre("fashion  running  ████████████████░░░░░░░░  4 of 6 trials  1m 12s",
                          "best     validation:loss 0.5  trial 3 at epoch 4  dropout 0.3",
                          "trials   2 completed, 1 stopped early, 1 failed",
                          "epochs   11 run, 3 saved by stopping",  //
                          "trial 5    epoch 2   0.8        █▁                dropout 0.5"));
}

TEST(WatchViewTest, TimeStandsStillWhenTheJobHasEnded) {
  JobProgress progress;
  progress.Apply(Event(Job("state: COMPLETED end_time { seconds: 1030 }")));
  EXPECT_THAT(LiveLines(progress, {.width = 200}, absl::FromUnixSeconds(5000)).at(0), HasSubstr("  30s"));
}

TEST(WatchViewTest, LinesNeverPassTheWidthAndTheHeight) {
  JobProgress progress;
  std::string trials = Job("state: RUNNING");
  for (int number = 1; number <= 50; ++number) absl::StrAppend(&trials, TrialText(number, "initial", "state: RUNNING"));
  progress.Apply(Event(trials));
  for (const bool use_color : {false, true}) {
    const std::vector<std::string> lines =
        LiveLines(progress, {.width = 40, .height = 12, .use_color = use_color, .notice = "the server is away"},
                  absl::FromUnixSeconds(1001));
    EXPECT_LT(lines.size(), 12);
    for (const std::string& line : lines) EXPECT_LE(DisplayWidth(line), 40) << line;
    EXPECT_EQ(lines.at(lines.size() - 2), "and 45 more running trials");
    EXPECT_THAT(lines.back(), HasSubstr("the server is away"));
  }
}

TEST(WatchViewTest, ColorsComeOnlyWhenAskedFor) {
  const absl::Time now = absl::FromUnixSeconds(1001);
  for (const std::string& line : LiveLines(InMidJob(), {}, now)) EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_NE(LiveLines(InMidJob(), {.use_color = true}, now).at(0).find("\x1b[1m"), std::string::npos);
}

TEST(WatchViewTest, EachTrialThatEndsAndEachNewBestGetsALine) {
  JobProgress progress;
  const auto changes = progress.Apply(Event(absl::StrCat(
      Job("state: RUNNING best_trial: \"tuningJobs/fashion/trials/1\""),
      TrialText(1, "initial", "state: COMPLETED value: 0.8 best_step: 3"),
      TrialText(2, "initial", "state: EARLY_STOPPED value: 2 best_step: 1 stop { rule: \"median\" step: 2 }"),
      TrialText(3, "log_ei", "state: FAILED failure { kind: EXIT_CODE detail: \"exit code 3: no\\033[2J\" }"),
      TrialText(4, "log_ei", "state: RUNNING"))));
  EXPECT_THAT(EventLines(progress, changes),
              ElementsAre("trial 1 completed: validation:loss 0.8 at epoch 3  dropout 0.1",
                          "trial 2 early stopped (median at epoch 2): validation:loss 2 at epoch 1  dropout 0.2",
                          "trial 3 failed (exit code: exit code 3: no\\x1b[2J)  dropout 0.3",
                          "new best 0.8: trial 1 at epoch 3"));
  EXPECT_THAT(EventLines(progress, progress.Apply(Event(TrialText(4, "log_ei", "state: RUNNING")))), IsEmpty());
}

TEST(WatchViewTest, SummaryTellsBestGainSavingsAndCommands) {
  JobProgress progress = InMidJob();
  progress.Apply(
      Event(Job("state: COMPLETED end_reason: MAX_JOBS end_detail: \"6 trials were run\" "
                "end_time { seconds: 1151 } best_trial: \"tuningJobs/fashion/trials/3\" "
                "trial_counts { completed: 4 early_stopped: 1 failed: 1 }")));
  EXPECT_THAT(SummaryLines(progress, "pegbox --data d"),
              ElementsAre("job         fashion completed (max jobs: 6 trials were run) after 2m 31s",
                          "best trial  3: validation:loss 0.5 at epoch 4 (4 epochs run)",  //
                          "parameters  dropout 0.3",                                       //
                          "checkpoint  /data/trials/3",
                          "search      0.8 after its first 2 random points, 0.5 in the end: 37.5% lower",
                          "stopping    1 trial ended by a rule: 3 epochs saved, 11 run",
                          "trials      4 completed, 1 stopped early, 1 failed",  //
                          "look further",                                        //
                          "  pegbox --data d best fashion",                      //
                          "  pegbox --data d trials fashion --sort best",        //
                          "  pegbox --data d trial fashion/3",                   //
                          "  pegbox --data d logs fashion/3"));
}

TEST(WatchViewTest, SummaryOfASearchThatFoundNothingBetterSaysSo) {
  JobProgress progress;
  progress.Apply(Event(absl::StrCat(Job("state: COMPLETED best_trial: \"tuningJobs/fashion/trials/1\""),
                                    TrialText(1, "initial", "state: COMPLETED value: 1 best_step: 2"),
                                    TrialText(2, "log_ei", "state: COMPLETED value: 2 best_step: 2"))));
  EXPECT_THAT(SummaryLines(progress, "pegbox"),
              testing::Contains("search      found nothing better than 1 of its first random point"));
}

TEST(WatchViewTest, SummaryWithoutAValueStillHelps) {
  JobProgress progress;
  progress.Apply(Event(
      absl::StrCat(Job("state: FAILED end_reason: TOO_MANY_FAILURES"), TrialText(1, "initial", "state: FAILED"))));
  const std::vector<std::string> lines = SummaryLines(progress, "pegbox");
  EXPECT_EQ(lines.at(1), "best trial  none: no trial reported the objective");
  EXPECT_EQ(lines.back(), "  pegbox logs fashion/1");
}

}  // namespace
}  // namespace pegbox::cli
