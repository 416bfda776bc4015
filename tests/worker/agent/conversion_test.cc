#include "worker/agent/conversion.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace pegbox::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

v1::TrialAssignment FullAssignment() {
  v1::TrialAssignment proto;
  proto.mutable_id()->set_trial("tuningJobs/my-job/trials/12");
  proto.mutable_id()->set_attempt(3);
  (*proto.mutable_parameters())["a"].set_double_value(3.0);
  (*proto.mutable_parameters())["b"].set_int_value(3);
  (*proto.mutable_parameters())["c"].set_string_value("3");
  (*proto.mutable_parameters())["d"].set_bool_value(true);
  v1::TrialTemplate& trial = *proto.mutable_template_();
  trial.add_command("train");
  trial.add_command("{a}");
  (*trial.mutable_environment())["NAME"] = "value";
  trial.set_working_directory("/work");
  v1::MetricDefinition& definition = *trial.add_metric_definitions();
  definition.set_name("loss");
  definition.set_regex("loss=(.*)");
  trial.mutable_grace_period()->set_nanos(500'000'000);
  trial.mutable_max_runtime()->set_seconds(60);
  proto.set_objective_metric("loss");
  proto.set_seed(7);
  return proto;
}

TEST(ConversionTest, AssignmentIsReadWhole) {
  const auto assignment = FromProto(FullAssignment());
  ASSERT_TRUE(assignment.ok()) << assignment.status();
  EXPECT_EQ(assignment->id, (AttemptId{.trial = {.job_id = "my-job", .number = 12}, .number = 3}));
  EXPECT_THAT(assignment->parameters,
              ElementsAre(Pair("a", ParameterValue(3.0)), Pair("b", ParameterValue(int64_t{3})),
                          Pair("c", ParameterValue(std::string("3"))), Pair("d", ParameterValue(true))));
  EXPECT_THAT(assignment->command, ElementsAre("train", "{a}"));
  EXPECT_THAT(assignment->environment, ElementsAre(Pair("NAME", "value")));
  EXPECT_EQ(assignment->working_directory, "/work");
  ASSERT_EQ(assignment->metric_definitions.size(), 1u);
  EXPECT_EQ(assignment->metric_definitions[0].regex, "loss=(.*)");
  EXPECT_EQ(assignment->grace_period, absl::Milliseconds(500));
  EXPECT_EQ(assignment->max_runtime, absl::Minutes(1));
  EXPECT_EQ(assignment->objective_metric, "loss");
  EXPECT_EQ(assignment->seed, 7u);
  EXPECT_TRUE(assignment->problem.ok());
}

TEST(ConversionTest, AbsentTimesHaveTheirDefaults) {
  v1::TrialAssignment proto = FullAssignment();
  proto.mutable_template_()->clear_grace_period();
  proto.mutable_template_()->clear_max_runtime();
  const auto assignment = FromProto(proto);
  EXPECT_EQ(assignment->grace_period, absl::Seconds(10));
  EXPECT_EQ(assignment->max_runtime, absl::InfiniteDuration());
}

TEST(ConversionTest, NameThatIsNotATrialsIsRejected) {
  for (const char* name :
       {"", "trials/1", "tuningJobs/../trials/1", "tuningJobs/a/b/trials/1", "tuningJobs/a/trials/0"}) {
    v1::TrialAssignment proto = FullAssignment();
    proto.mutable_id()->set_trial(name);
    EXPECT_TRUE(absl::IsInvalidArgument(FromProto(proto).status())) << name;
  }
  v1::TrialAssignment proto = FullAssignment();
  proto.mutable_id()->set_attempt(0);
  EXPECT_TRUE(absl::IsInvalidArgument(FromProto(proto).status()));
}

TEST(ConversionTest, ParameterOfAnUnknownTypeIsAProblemOfTheAttempt) {
  v1::TrialAssignment proto = FullAssignment();
  (*proto.mutable_parameters())["new"].clear_kind();
  const auto assignment = FromProto(proto);
  ASSERT_TRUE(assignment.ok());
  EXPECT_THAT(std::string(assignment->problem.message()), HasSubstr("parameters[new]"));
}

TEST(ConversionTest, ReportIsWrittenWhole) {
  ReportMessage message;
  message.rows.push_back({.measurement = {"loss", 4, std::numeric_limits<double>::infinity()},
                          .report_time = absl::FromUnixMicros(1'500'000)});
  message.log_data = "bytes\xff";
  message.log_offset = 10;
  message.checkpoint_path = "/checkpoints";
  v1::ReportTrialRequest proto;
  ToProto(message, proto);
  ASSERT_EQ(proto.measurements_size(), 1);
  EXPECT_EQ(proto.measurements(0).metric(), "loss");
  EXPECT_EQ(proto.measurements(0).step(), 4);
  EXPECT_TRUE(std::isinf(proto.measurements(0).value()));
  EXPECT_EQ(proto.measurements(0).report_time().seconds(), 1);
  EXPECT_EQ(proto.measurements(0).report_time().nanos(), 500'000'000);
  EXPECT_EQ(proto.log_data(), "bytes\xff");
  EXPECT_EQ(proto.log_offset(), 10);
  EXPECT_FALSE(proto.has_checkpoint_step());
  EXPECT_EQ(proto.checkpoint_path(), "");
  message.checkpoint_step = 0;
  ToProto(message, proto);
  EXPECT_TRUE(proto.has_checkpoint_step());
  EXPECT_EQ(proto.checkpoint_path(), "/checkpoints");
}

TEST(ConversionTest, EachFailureKindHasItsWireKind) {
  const std::pair<FailureKind, v1::Failure::Kind> kinds[] = {{FailureKind::kExitCode, v1::Failure::EXIT_CODE},
                                                             {FailureKind::kSignal, v1::Failure::SIGNAL},
                                                             {FailureKind::kOutOfMemory, v1::Failure::OUT_OF_MEMORY},
                                                             {FailureKind::kTimeout, v1::Failure::TIMEOUT},
                                                             {FailureKind::kLost, v1::Failure::LOST},
                                                             {FailureKind::kSpawn, v1::Failure::SPAWN}};
  for (const auto& [kind, wire_kind] : kinds) {
    v1::Failure proto;
    ToProto(Failure{.kind = kind, .detail = "why", .exit_code = 2, .signal = 9}, proto);
    EXPECT_EQ(proto.kind(), wire_kind);
    EXPECT_EQ(proto.detail(), "why");
    EXPECT_EQ(proto.exit_code(), 2);
    EXPECT_EQ(proto.signal(), 9);
  }
}

TEST(ConversionTest, DurationsSurviveTheWayThereAndBack) {
  for (const absl::Duration duration :
       {absl::ZeroDuration(), absl::Milliseconds(1500), absl::Nanoseconds(1), absl::Hours(24 * 365)}) {
    google::protobuf::Duration proto;
    ToProto(duration, proto);
    EXPECT_EQ(FromProto(proto), duration);
  }
}

}  // namespace
}  // namespace pegbox::worker
