// Between the wire and the domain and back: nothing is lost, defaults are filled in, an absent limit is no limit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "server/rpc/convert_job.h"
#include "server/rpc/convert_spec.h"
#include "server/rpc/convert_time.h"
#include "server/rpc/convert_trial.h"
#include "server/rpc/convert_worker.h"
#include "tests/contract/store_samples.h"
#include "tests/server/rpc/test_server.h"

namespace pegbox {
namespace {

TEST(SpecConversionTest, EveryFieldSurvivesTheWayThereAndBack) {
  TuningJobSpec spec = FullSpec();
  EXPECT_EQ(FromProto(ToProto(spec), "spec").value(), spec);
  spec.trial->max_runtime = absl::Seconds(90) + absl::Nanoseconds(7);
  spec.max_runtime = absl::InfiniteDuration();
  spec.objective.goal = Goal::kMaximize;
  spec.objective.scope = ObjectiveScope::kBest;
  spec.strategy = {.algorithm = Algorithm::kBayesian};
  EXPECT_EQ(FromProto(ToProto(spec), "spec").value(), spec);
}

TEST(SpecConversionTest, AbsentFieldsTakeDefaultsAndAreShown) {
  const auto given = Parse<v1::TuningJobSpec>(R"pb(
    objective { metric: "loss" goal: MINIMIZE }
    parameters {
      name: "x"
      double { min: 0 max: 1 }
    }
    parameters {
      name: "n"
      integer { min: 1 max: 4 }
    }
    max_jobs: 5
    early_stopping { median {} }
    early_stopping { patience { patience: 3 } }
    trial { command: "train" }
  )pb");
  const auto shown = Parse<v1::TuningJobSpec>(R"pb(
    objective { metric: "loss" goal: MINIMIZE scope: BEST }
    parameters {
      name: "x"
      double { min: 0 max: 1 scale: LINEAR }
    }
    parameters {
      name: "n"
      integer { min: 1 max: 4 scale: LINEAR }
    }
    max_jobs: 5
    max_parallel_jobs: 1
    strategy { algorithm: BAYESIAN }
    early_stopping { median { min_completed_trials: 5 min_steps: 1 } }
    early_stopping { patience { patience: 3 min_delta: 0 min_steps: 0 } }
    trial {
      command: "train"
      grace_period { seconds: 10 }
    }
    max_consecutive_failures: 5
  )pb");
  EXPECT_EQ(ToProto(FromProto(given, "spec").value()).DebugString(), shown.DebugString());
}

TEST(SpecConversionTest, ZeroIsKeptWhereItDiffersFromAbsent) {
  const auto given = Parse<v1::TuningJobSpec>(R"pb(
    objective { metric: "loss" goal: MAXIMIZE target: 0 }
    parameters {
      name: "x"
      bool {}
      default { bool_value: false }
    }
    strategy { seed: 0 }
    early_stopping { median { min_steps: 0 } }
    trial {
      command: "train"
      grace_period {}
    }
    max_consecutive_failures: 0
  )pb");
  const TuningJobSpec spec = FromProto(given, "spec").value();
  EXPECT_EQ(spec.objective.target, 0.0);
  EXPECT_EQ(spec.search_space.parameters()[0].default_value, ParameterValue(false));
  EXPECT_EQ(spec.strategy.seed, 0u);
  EXPECT_EQ(std::get<MedianRule>(spec.early_stopping[0]).min_steps, 0);
  EXPECT_EQ(spec.trial->grace_period, absl::ZeroDuration());
  EXPECT_EQ(spec.max_consecutive_failures, 0);
}

TEST(SpecConversionTest, TypesOfValuesAreKeptApart) {
  const auto given = Parse<v1::TuningJobSpec>(R"pb(
    objective { metric: "loss" goal: MINIMIZE }
    parameters {
      name: "int"
      constant { int_value: 3 }
    }
    parameters {
      name: "double"
      constant { double_value: 3 }
    }
    parameters {
      name: "text"
      constant { string_value: "3" }
    }
    parameters {
      name: "b"
      bool {}
    }
    trial { command: "train" }
  )pb");
  const TuningJobSpec spec = FromProto(given, "spec").value();
  const auto constant = [&](size_t i) {
    return std::get<ConstantDomain>(spec.search_space.parameters()[i].domain).value;
  };
  EXPECT_EQ(constant(0), ParameterValue(int64_t{3}));
  EXPECT_EQ(constant(1), ParameterValue(3.0));
  EXPECT_EQ(constant(2), ParameterValue(std::string("3")));
}

TEST(TrialConversionTest, EveryFieldIsShown) {
  const auto expected = Parse<v1::Trial>(R"pb(
    name: "tuningJobs/job/trials/2"
    parameters {
      key: "count"
      value { int_value: 1 }
    }
    parameters {
      key: "name"
      value { string_value: "adam" }
    }
    parameters {
      key: "on"
      value { bool_value: true }
    }
    parameters {
      key: "rate"
      value { double_value: 0.1 }
    }
    parameters {
      key: "whole"
      value { double_value: 1 }
    }
    state: FAILED
    attempt: 3
    worker: "workers/worker-1"
    value: 0.30000000000000004
    best_step: 4
    last_step: 7
    stop { rule: "median" step: 7 value: 0.25 threshold: 0.5 compared_trials: 6 explanation: "0.25 is below 0.5" }
    failure { kind: EXIT_CODE detail: "exit code 3" exit_code: 3 }
    checkpoint_path: "/checkpoints/1"
    checkpoint_step: 4
    provenance {
      source: "gp"
      acquisition_value: -0.25
      fit_evaluations: 12
      suggest_milliseconds: 3.5
      note: "note"
      outcomes: 11
      incumbent: -1.5
    }
  )pb");
  v1::Trial shown = ToProto(FullTrial("job", 2));
  EXPECT_TRUE(shown.has_create_time() && shown.has_start_time());
  EXPECT_EQ(FromProto(shown.end_time(), "end_time").value(), SampleTime(2001));
  shown.clear_create_time();
  shown.clear_start_time();
  shown.clear_end_time();
  EXPECT_EQ(shown.DebugString(), expected.DebugString());
}

TEST(TrialConversionTest, AFitIsShown) {
  const v1::SurrogateFit shown = ToProto(*FullTrial("job", 2).provenance.fit);
  EXPECT_EQ(shown.ShortDebugString(),
            "objective_theta: -0.5 objective_theta: 0.25 objective_theta: -6 feasibility_theta: 0.1 "
            "feasibility_theta: 0 feasibility_theta: -7 outcomes: 9 evaluations: 21");
}

TEST(TrialConversionTest, WhatIsUnknownIsAbsent) {
  const v1::Trial shown = ToProto(SampleTrial("job", 1));
  EXPECT_EQ(shown.state(), v1::Trial::QUEUED);
  EXPECT_FALSE(shown.has_value() || shown.has_best_step() || shown.has_last_step() || shown.has_checkpoint_step());
  EXPECT_FALSE(shown.has_stop() || shown.has_failure() || shown.has_start_time() || shown.has_end_time());
  EXPECT_EQ(shown.attempt(), 0);
  EXPECT_EQ(shown.worker(), "");
}

TEST(TrialConversionTest, EveryStateAndFailureHasItsName) {
  const char* const states[] = {"QUEUED", "RUNNING", "STOPPING", "COMPLETED", "EARLY_STOPPED", "FAILED", "CANCELED"};
  Trial trial = SampleTrial("job", 1);
  for (size_t i = 0; i < std::size(kAllTrialStates); ++i) {
    trial.state = kAllTrialStates[i];
    EXPECT_EQ(v1::Trial::State_Name(ToProto(trial).state()), states[i]);
  }
  for (int kind = v1::Failure::Kind_MIN + 1; kind <= v1::Failure::Kind_MAX; ++kind) {
    v1::Failure proto;
    proto.set_kind(static_cast<v1::Failure::Kind>(kind));
    const Failure failure = FromProto(proto, "failure").value();
    EXPECT_EQ(v1::Failure::Kind_Name(proto.kind()), std::string(ToString(failure.kind)));
    EXPECT_EQ(ToProto(failure).kind(), proto.kind());
  }
}

TEST(TrialConversionTest, ALongFailureDetailIsCutBetweenCharacters) {
  v1::Failure proto;
  proto.set_kind(v1::Failure::EXIT_CODE);
  proto.set_detail(std::string(4095, 'x') + "\xc3\xa9");
  EXPECT_EQ(FromProto(proto, "failure").value().detail, std::string(4095, 'x'));
  proto.set_detail(std::string(4094, 'x') + "\xc3\xa9");
  EXPECT_EQ(FromProto(proto, "failure").value().detail, proto.detail());
}

TEST(TrialConversionTest, MeasurementsKeepWhatIsNotFinite) {
  v1::Measurement proto;
  proto.set_metric("loss");
  proto.set_step(0);
  proto.set_value(-std::numeric_limits<double>::infinity());
  const Measurement row = FromProto(proto, SampleTime(5), "measurements[0]").value();
  EXPECT_EQ(row, (Measurement{"loss", 0, -std::numeric_limits<double>::infinity(), SampleTime(5)}));
  *proto.mutable_report_time() = ToProto(SampleTime(9));
  EXPECT_EQ(FromProto(proto, SampleTime(5), "measurements[0]").value().report_time, SampleTime(9));
}

TEST(JobConversionTest, EveryStateAndReasonHasItsName) {
  TuningJobView view = {.job = SampleJob("job"), .counts = {1, 2, 3, 4, 5, 6, 7}, .best_trial = 9};
  for (const JobState state : kAllJobStates) {
    view.job.state = state;
    EXPECT_EQ(v1::TuningJob::State_Name(ToProto(view).state()), std::string(ToString(state)));
  }
  for (const EndReason reason : {EndReason::kMaxJobs, EndReason::kMaxRuntime, EndReason::kTargetReached,
                                 EndReason::kUser, EndReason::kSpaceExhausted, EndReason::kTooManyFailures}) {
    view.job.end_reason = reason;
    EXPECT_EQ(v1::TuningJob::EndReason_Name(ToProto(view).end_reason()), std::string(ToString(reason)));
  }
  const v1::TuningJob proto = ToProto(view);
  EXPECT_EQ(proto.name(), "tuningJobs/job");
  EXPECT_EQ(proto.best_trial(), "tuningJobs/job/trials/9");
  EXPECT_EQ(proto.trial_counts().ShortDebugString(),
            "queued: 1 running: 2 stopping: 3 completed: 4 early_stopped: 5 failed: 6 canceled: 7");
  EXPECT_FALSE(proto.has_end_time());
}

TEST(WorkerConversionTest, GrantsThatDoNotFitAreLeftForTheNextCall) {
  SyncResult result;
  TrialTemplate large = {.command = {"train"}, .environment = {{"LARGE", std::string(60 << 10, 'x')}}};
  for (int i = 1; i <= 100; ++i) {
    result.start.push_back({.id = {.trial = {"job", i}, .attempt = 1}, .trial_template = large});
  }
  result.stop.push_back({.id = {.trial = {"job", 101}, .attempt = 2}, .reason = "stopped by a user"});
  const v1::SyncWorkerResponse response = ToProto(result);
  EXPECT_GT(response.start_size(), 40);
  EXPECT_LT(response.ByteSizeLong(), size_t{4} << 20);
  EXPECT_EQ(response.start(0).id().trial(), "tuningJobs/job/trials/1");
  EXPECT_EQ(response.stop_size(), 1);
}

TEST(TimeConversionTest, LimitsOfTheMessagesAreKept) {
  google::protobuf::Duration duration;
  duration.set_seconds(315'576'000'000);
  EXPECT_TRUE(FromProto(duration, "d").ok());
  duration.set_seconds(315'576'000'001);
  EXPECT_EQ(FromProto(duration, "d").status().message(),
            "d: must be within 10,000 years, its nanos below a second and of the same sign; got 315576000001 s and 0 "
            "ns; write it as google.protobuf.Duration says");
  duration.set_seconds(-1);
  duration.set_nanos(5);
  EXPECT_FALSE(FromProto(duration, "d").ok());
  duration.set_nanos(-999'999'999);
  EXPECT_EQ(FromProto(duration, "d").value(), -absl::Seconds(2) + absl::Nanoseconds(1));
  EXPECT_EQ(ToProto(-absl::Seconds(2) + absl::Nanoseconds(1)).DebugString(), duration.DebugString());
  google::protobuf::Timestamp time;
  time.set_nanos(1'000'000'000);
  EXPECT_EQ(FromProto(time, "t").status().message(),
            "t: must be within the years 1 to 9999, its nanos 0 to 999,999,999; got 0 s and 1000000000 ns; write it as "
            "google.protobuf.Timestamp says");
  time.set_seconds(-62'135'596'800);
  time.set_nanos(1'000);
  EXPECT_EQ(ToProto(FromProto(time, "t").value()).DebugString(), time.DebugString());
  EXPECT_EQ(ToProto(FromProto(time, "t").value() + absl::Nanoseconds(999)).DebugString(), time.DebugString());
}

}  // namespace
}  // namespace pegbox
