// A job whose trials overfit, the less the more dropout they have, as a program would tell it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "tests/server/rpc/test_server.h"

namespace pegbox {
namespace {

using Tuning = v1::TuningService::Stub;
using testing::HasSubstr;

constexpr int kTrials = 10;
constexpr int kEpochs = 10;

class DiagnoseTest : public testing::Test {
 protected:
  DiagnoseTest() {
    server_.Create(
        Parse<v1::CreateTuningJobRequest>(absl::StrCat(R"pb(
                                                         tuning_job_id: "job"
                                                         spec { objective { metric: "validation:loss" goal: MINIMIZE }
                                                                parameters {
                                                                  name: "dropout"
                                                                  double { max: 0.7 }
                                                                }
                                                                strategy { algorithm: SOBOL seed: 3 }
                                                       )pb",
                                                       "max_jobs: ", kTrials, "}")));
  }

  void RunTrials() {
    for (int i = 0; i < kTrials; ++i) {
      v1::SuggestTrialsResponse asked;
      ASSERT_EQ(server_.Call(server_.tuning(), &Tuning::SuggestTrials,
                             Parse<v1::SuggestTrialsRequest>("parent: 'tuningJobs/job' client: 'notebook'"), asked),
                absl::OkStatus());
      ASSERT_EQ(asked.trials_size(), 1);
      const v1::Trial& trial = asked.trials(0);
      v1::CompleteTrialRequest complete;
      complete.set_name(trial.name());
      complete.set_attempt(trial.attempt());
      const double gap = 0.5 - 0.5 * trial.parameters().at("dropout").double_value();
      for (int epoch = 1; epoch <= kEpochs; ++epoch) {
        Add(complete, "train:loss", epoch, 1 / std::sqrt(epoch));
        Add(complete, "validation:loss", epoch, 1 / std::sqrt(std::min(epoch, 5)) + gap + 0.1 * std::max(0, epoch - 5));
      }
      v1::Trial completed;
      ASSERT_EQ(server_.Call(server_.tuning(), &Tuning::CompleteTrial, complete, completed), absl::OkStatus());
    }
  }

  absl::Status Diagnose(const std::string& request, v1::TuningJobDiagnosis& diagnosis) {
    return server_.Call(server_.tuning(), &Tuning::DiagnoseTuningJob, Parse<v1::DiagnoseTuningJobRequest>(request),
                        diagnosis);
  }

  static void Add(v1::CompleteTrialRequest& request, const std::string& metric, int step, double value) {
    v1::Measurement& row = *request.add_measurements();
    row.set_metric(metric);
    row.set_step(step);
    row.set_value(value);
  }

  TestServer server_;
};

TEST_F(DiagnoseTest, OverfittingAndItsRemedyAreFound) {
  RunTrials();
  v1::TuningJobDiagnosis diagnosis;
  ASSERT_EQ(Diagnose("name: 'tuningJobs/job'", diagnosis), absl::OkStatus());
  EXPECT_EQ(diagnosis.train_metric(), "train:loss");
  EXPECT_EQ(diagnosis.validation_metric(), "validation:loss");
  EXPECT_EQ(diagnosis.verdict(), v1::TuningJobDiagnosis::OVERFITS);
  EXPECT_EQ(diagnosis.diverged_trials(), kTrials);
  EXPECT_EQ(diagnosis.median_divergence_step(), 5);
  ASSERT_EQ(diagnosis.trials_size(), kTrials);
  EXPECT_EQ(diagnosis.trials(0).trial(), "tuningJobs/job/trials/1");
  EXPECT_EQ(diagnosis.trials(0).best_step(), 5);
  EXPECT_EQ(diagnosis.trials(0).last_step(), kEpochs);
  ASSERT_EQ(diagnosis.effects_size(), 1);
  EXPECT_NEAR(diagnosis.effects(0).with_gap().strength(), -1, 1e-12);
  EXPECT_THAT(diagnosis.findings(1), HasSubstr("Higher dropout goes with a smaller gap"));
}

TEST_F(DiagnoseTest, AJobWithoutTrialsIsNotJudged) {
  v1::TuningJobDiagnosis diagnosis;
  ASSERT_EQ(Diagnose("name: 'tuningJobs/job'", diagnosis), absl::OkStatus());
  EXPECT_EQ(diagnosis.verdict(), v1::TuningJobDiagnosis::TOO_FEW_TRIALS);
}

TEST_F(DiagnoseTest, OtherMetricsCanBeNamed) {
  RunTrials();
  v1::TuningJobDiagnosis diagnosis;
  ASSERT_EQ(
      Diagnose("name: 'tuningJobs/job' train_metric: 'validation:loss' validation_metric: 'train:loss'", diagnosis),
      absl::OkStatus());
  EXPECT_EQ(diagnosis.diverged_trials(), 0);
  EXPECT_LT(diagnosis.median_gap(), 0);
}

TEST_F(DiagnoseTest, BadRequestsAreExplained) {
  v1::TuningJobDiagnosis diagnosis;
  EXPECT_EQ(Diagnose("name: 'tuningJobs/other'", diagnosis).code(), absl::StatusCode::kNotFound);
  const absl::Status bad_metric = Diagnose("name: 'tuningJobs/job' train_metric: 'a b'", diagnosis);
  EXPECT_EQ(bad_metric.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(bad_metric.message()), testing::StartsWith("train_metric: "));
  server_.Create(ExampleRequest("plain"));
  EXPECT_EQ(Diagnose("name: 'tuningJobs/plain'", diagnosis),
            absl::InvalidArgumentError("validation_metric: must be named, because the objective loss is not called "
                                       "\"validation:...\"; name a metric that the trials report"));
}

}  // namespace
}  // namespace pegbox
