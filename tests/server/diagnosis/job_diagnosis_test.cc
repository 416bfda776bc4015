#include "server/diagnosis/job_diagnosis.h"

#include <gmock/gmock.h>

#include <cmath>

#include "absl/strings/str_join.h"

namespace pegbox {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const MetricPair kLosses{"train:loss", "validation:loss", Goal::kMinimize};
const Objective kObjective{.metric = "validation:loss"};

SearchSpace Space() {
  return SearchSpace::Create({{.name = "dropout", .domain = DoubleDomain{0, 0.7}},
                              {.name = "learning_rate", .domain = DoubleDomain{1e-5, 1e-1, Scale::kLog}},
                              {.name = "optimizer", .domain = CategoricalDomain{{"adam", "sgd"}}}})
      .value();
}

MetricCurve Curve(int epochs, const std::function<double(int)>& value) {
  MetricCurve curve;
  for (int epoch = 1; epoch <= epochs; ++epoch) curve.Add({epoch, value(epoch)});
  return curve;
}

// Trains to 0 by the square root of the epoch; validation is worse by `gap` and, from epoch 6 on, rises by `rise` an
// epoch.
TrialCurves MakeTrial(int64_t number, double dropout, double gap, double rise) {
  TrialCurves trial{.trial_number = number,
                    .parameters = {{"dropout", dropout},
                                   {"learning_rate", 1e-5 * std::pow(10.0, static_cast<double>(number % 4))},
                                   {"optimizer", std::string(number % 2 == 0 ? "adam" : "sgd")}},
                    .train = Curve(12, [](int epoch) { return 1 / std::sqrt(epoch); }),
                    .validation = Curve(12, [gap, rise](int epoch) {
                      const double trained = 1 / std::sqrt(std::min(epoch, 6));
                      return rise == 0 ? 1 / std::sqrt(epoch) + gap : trained + gap + rise * std::max(0, epoch - 6);
                    })};
  trial.value = trial.validation.Best(Goal::kMinimize)->value;
  return trial;
}

std::vector<TrialCurves> OverfittingTrials() {
  std::vector<TrialCurves> trials;
  for (int64_t i = 0; i < 12; ++i) {
    const double dropout = 0.06 * static_cast<double>(i);
    trials.push_back(MakeTrial(i + 1, dropout, 0.4 - 0.5 * dropout, 0.05));
  }
  return trials;
}

TEST(JobDiagnosisTest, OverfittingIsNamedWithWhereItBegins) {
  const JobDiagnosis diagnosis = DiagnoseJob(Space(), kObjective, kLosses, OverfittingTrials());
  EXPECT_EQ(diagnosis.verdict, Verdict::kOverfits);
  EXPECT_EQ(diagnosis.diverged_trials, 12);
  EXPECT_EQ(diagnosis.median_divergence_step, 6);
  EXPECT_THAT(diagnosis.trials, SizeIs(12));
  EXPECT_THAT(diagnosis.best_trials, ElementsAre(12, 11, 10));
  EXPECT_THAT(diagnosis.findings.front(), HasSubstr("The trials overfit"));
  EXPECT_THAT(diagnosis.findings.front(), HasSubstr("In 12 of 12 trials"));
}

TEST(JobDiagnosisTest, TheParameterThatMovesTheGapComesFirst) {
  const JobDiagnosis diagnosis = DiagnoseJob(Space(), kObjective, kLosses, OverfittingTrials());
  ASSERT_THAT(diagnosis.effects, SizeIs(3));
  const ParameterEffect& effect = diagnosis.effects.front();
  EXPECT_EQ(effect.parameter, "dropout");
  EXPECT_NEAR(effect.with_gap.strength, -1, 1e-12);
  EXPECT_LT(effect.with_gap.p_value, 0.01);
  EXPECT_GT(effect.low_gap, effect.high_gap);
  EXPECT_LT(effect.with_value.strength, 0) << "more dropout, less loss";
  for (size_t i = 1; i < 3; ++i) EXPECT_GT(diagnosis.effects[i].with_gap.p_value, 0.05);
  EXPECT_THAT(diagnosis.findings, Contains(HasSubstr("Higher dropout goes with a smaller gap")));
}

TEST(JobDiagnosisTest, ABoundThatTheBestTrialsPressAgainstIsNamed) {
  std::vector<TrialCurves> trials = OverfittingTrials();
  for (TrialCurves& trial : trials) {
    if (trial.trial_number >= 10) trial.parameters["dropout"] = 0.69;
  }
  const JobDiagnosis diagnosis = DiagnoseJob(Space(), kObjective, kLosses, trials);
  ASSERT_THAT(diagnosis.pressures, SizeIs(1));
  EXPECT_EQ(diagnosis.pressures[0].parameter, "dropout");
  EXPECT_TRUE(diagnosis.pressures[0].is_maximum);
  EXPECT_EQ(diagnosis.pressures[0].bound, 0.7);
  EXPECT_EQ(diagnosis.pressures[0].trials, 3);
  EXPECT_THAT(diagnosis.findings, Contains(HasSubstr("3 of the 3 best trials lie at the maximum of dropout (0.7)")));
}

TEST(JobDiagnosisTest, TrialsThatStillImproveAtTheirEndUnderfit) {
  std::vector<TrialCurves> trials;
  for (int64_t i = 1; i <= 8; ++i) trials.push_back(MakeTrial(i, 0.3, 0.001, 0));
  EXPECT_EQ(DiagnoseJob(Space(), kObjective, kLosses, trials).verdict, Verdict::kUnderfits);
}

TEST(JobDiagnosisTest, StoppedTrialsAreNoSignOfUnderfitting) {
  std::vector<TrialCurves> trials;
  for (int64_t i = 1; i <= 8; ++i) {
    trials.push_back(MakeTrial(i, 0.3, 0.001, 0));
    trials.back().was_stopped = true;
  }
  EXPECT_EQ(DiagnoseJob(Space(), kObjective, kLosses, trials).verdict, Verdict::kGeneralizes);
}

TEST(JobDiagnosisTest, FewTrialsAreNotJudged) {
  std::vector<TrialCurves> trials = OverfittingTrials();
  trials.resize(4);
  const JobDiagnosis diagnosis = DiagnoseJob(Space(), kObjective, kLosses, trials);
  EXPECT_EQ(diagnosis.verdict, Verdict::kTooFewTrials);
  EXPECT_THAT(diagnosis.effects, IsEmpty());
  EXPECT_THAT(diagnosis.findings, ElementsAre(HasSubstr("Too few trials to judge: 4")));
}

TEST(JobDiagnosisTest, NoTrialsAtAllAreNoError) {
  EXPECT_EQ(DiagnoseJob(Space(), kObjective, kLosses, {}).verdict, Verdict::kTooFewTrials);
}

TEST(JobDiagnosisTest, ACategoryThatMovesTheGapIsNamed) {
  std::vector<TrialCurves> trials;
  for (int64_t i = 1; i <= 12; ++i) trials.push_back(MakeTrial(i, 0.3, i % 2 == 0 ? 0.1 : 0.5, 0.05));
  const JobDiagnosis diagnosis = DiagnoseJob(Space(), kObjective, kLosses, trials);
  EXPECT_EQ(diagnosis.effects.front().parameter, "optimizer");
  EXPECT_NEAR(diagnosis.effects.front().low_gap, 0.1, 1e-9);
  EXPECT_NEAR(diagnosis.effects.front().high_gap, 0.5, 1e-9);
  EXPECT_THAT(diagnosis.findings, Contains(HasSubstr("The choice of optimizer moves the gap")));
}

}  // namespace
}  // namespace pegbox
