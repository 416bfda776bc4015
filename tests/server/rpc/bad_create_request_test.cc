// Each rule of CreateTuningJobRequest, broken once in an otherwise valid one: what is said of it, over a real server,
// and that nothing was changed.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "tests/server/rpc/test_server.h"

namespace pegbox {
namespace {

using Request = v1::CreateTuningJobRequest;

struct BadCreate {
  std::string name;
  void (*change)(Request&);  // of ExampleRequest("job")
  std::string error;
};

void PrintTo(const BadCreate& bad, std::ostream* out) { *out << bad.name; }

class BadCreateRequestTest : public testing::TestWithParam<BadCreate> {
 protected:
  static void SetUpTestSuite() { server_ = new TestServer(TestServer::Engine::kStill); }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  static TestServer* server_;
};

TestServer* BadCreateRequestTest::server_ = nullptr;

TEST_P(BadCreateRequestTest, IsRejectedAndChangesNothing) {
  const int64_t revision = server_->Revision();
  Request request = ExampleRequest("job");
  GetParam().change(request);
  v1::TuningJob job;
  const absl::Status status = server_->Call(server_->tuning(), &v1::TuningService::Stub::CreateTuningJob, request, job);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()), GetParam().error);
  EXPECT_EQ(server_->Revision(), revision);
}

v1::Parameter& X(Request& r) { return *r.mutable_spec()->mutable_parameters(0); }
v1::TrialTemplate& Template(Request& r) { return *r.mutable_spec()->mutable_trial(); }

void AddDefinition(Request& r, const std::string& regex) {
  v1::MetricDefinition& definition = *Template(r).add_metric_definitions();
  definition.set_name("loss");
  definition.set_regex(regex);
}

const BadCreate kBadRequests[] = {
    {"NoSpec", [](Request& r) { r.clear_spec(); }, "spec: required; say what to search and what to run"},
    {"BadJobId", [](Request& r) { r.set_tuning_job_id("My_Job"); },
     "tuning_job_id: must be 1 to 63 lower-case letters, digits and hyphens, and not begin with a hyphen; got "
     "\"My_Job\""},
    {"LongRequestId", [](Request& r) { r.set_request_id(std::string(129, 'r')); },
     "request_id: must be at most 128 bytes; got 129"},
    {"NoObjective", [](Request& r) { r.mutable_spec()->clear_objective(); },
     "spec.objective: required; name the metric to make best"},
    {"NoGoal", [](Request& r) { r.mutable_spec()->mutable_objective()->clear_goal(); },
     "spec.objective.goal: must be MINIMIZE or MAXIMIZE; got none; choose one of these"},
    {"UnknownGoal",
     [](Request& r) { r.mutable_spec()->mutable_objective()->set_goal(static_cast<v1::Objective::Goal>(7)); },
     "spec.objective.goal: must be MINIMIZE or MAXIMIZE; got 7; choose one of these"},
    {"UnknownScope",
     [](Request& r) { r.mutable_spec()->mutable_objective()->set_scope(static_cast<v1::Objective::Scope>(3)); },
     "spec.objective.scope: must be BEST or LAST; got 3; choose one of these"},
    {"InfiniteTarget",
     [](Request& r) { r.mutable_spec()->mutable_objective()->set_target(std::numeric_limits<double>::infinity()); },
     "spec.objective.target: must be finite; got inf; write a number, or leave it out"},
    {"UnknownAlgorithm",
     [](Request& r) { r.mutable_spec()->mutable_strategy()->set_algorithm(static_cast<v1::Strategy::Algorithm>(99)); },
     "spec.strategy.algorithm: must be BAYESIAN, RANDOM or SOBOL; got 99; choose one of these"},
    {"NoParameters", [](Request& r) { r.mutable_spec()->clear_parameters(); },
     "spec.parameters: must be 1 to 256 parameters; got 0; say what to search"},
    {"NoDomain", [](Request& r) { X(r).clear_domain(); },
     "spec.parameters[0]: must have a domain; got none; set one of double, integer, discrete, categorical, bool, "
     "constant"},
    {"UnknownScale", [](Request& r) { X(r).mutable_double_()->set_scale(static_cast<v1::Scale>(4)); },
     "spec.parameters[0].double.scale: must be LINEAR, LOG or REVERSE_LOG; got 4; choose one of these"},
    {"UnknownIntegerScale", [](Request& r) { X(r).mutable_integer()->set_scale(static_cast<v1::Scale>(-1)); },
     "spec.parameters[0].integer.scale: must be LINEAR, LOG or REVERSE_LOG; got -1; choose one of these"},
    {"LogOfANegativeNumber", [](Request& r) { X(r).mutable_double_()->set_scale(v1::LOG); },
     "spec.parameters[0].double.min: must be above 0 for LOG; got -1; use LINEAR or a positive min"},
    {"EmptyRange", [](Request& r) { X(r).mutable_double_()->set_max(-1); },
     "spec.parameters[0].double.max: must be above min, -1; got -1; swap them, or use a constant for a single value"},
    {"ConstantWithoutAValue", [](Request& r) { X(r).mutable_constant(); },
     "spec.parameters[0].constant: must have a value; got none; set one of double_value, int_value, string_value, "
     "bool_value"},
    {"DefaultWithoutAValue", [](Request& r) { X(r).mutable_default_(); },
     "spec.parameters[0].default: must have a value; got none; set one of double_value, int_value, string_value, "
     "bool_value"},
    {"DefaultOfAnotherType", [](Request& r) { X(r).mutable_default_()->set_int_value(0); },
     "spec.parameters[0].default: must be -1 to 1; got 0 (an integer); choose one of these, or leave it out"},
    {"ConditionWithoutAValue",
     [](Request& r) {
       X(r).mutable_condition()->set_parent("y");
       X(r).mutable_condition()->add_values();
     },
     "spec.parameters[0].condition.values[0]: must have a value; got none; set one of double_value, int_value, "
     "string_value, bool_value"},
    {"UnknownParent",
     [](Request& r) {
       X(r).mutable_condition()->set_parent("y");
       X(r).mutable_condition()->add_values()->set_bool_value(true);
     },
     "spec.parameters[0].condition.parent: must be the name of a parameter of this space; got \"y\"; add that "
     "parameter or correct the name"},
    {"SecondParameterOfTheSameName", [](Request& r) { *r.mutable_spec()->add_parameters() = X(r); },
     "spec.parameters[1].name: must differ from that of spec.parameters[0]; got \"x\"; rename one of them"},
    {"ChildBeforeItsParentKeepsItsIndex",
     [](Request& r) {
       *r.mutable_spec()->add_parameters() = Parse<v1::Parameter>(R"pb(name: "p"
                                                                       bool {})pb");
       X(r).mutable_condition()->set_parent("p");
       X(r).mutable_condition()->add_values()->set_int_value(1);
     },
     "spec.parameters[0].condition.values[0]: must be a value of \"p\": true or false; got 1 (an integer); choose "
     "among these, of the same type"},
    {"NoMaxJobs", [](Request& r) { r.mutable_spec()->clear_max_jobs(); },
     "spec.max_jobs: must be 1 to 1,000,000; got 0; choose a number between"},
    {"TooManyParallelJobs", [](Request& r) { r.mutable_spec()->set_max_parallel_jobs(10'001); },
     "spec.max_parallel_jobs: must be 1 to 10,000; got 10001; choose a number between"},
    {"ShortMaxRuntime", [](Request& r) { r.mutable_spec()->mutable_max_runtime()->set_nanos(5'000'000); },
     "spec.max_runtime: must be 1 s to 365 days; got 5ms; choose a time between"},
    {"MaxRuntimeOfTwoSigns",
     [](Request& r) {
       r.mutable_spec()->mutable_max_runtime()->set_seconds(5);
       r.mutable_spec()->mutable_max_runtime()->set_nanos(-1);
     },
     "spec.max_runtime: must be within 10,000 years, its nanos below a second and of the same sign; got 5 s and -1 "
     "ns; write it as google.protobuf.Duration says"},
    {"RuleOfNoKind", [](Request& r) { r.mutable_spec()->add_early_stopping(); },
     "spec.early_stopping[0]: must be a rule; got none; set one of median, patience"},
    {"PatienceOfZero", [](Request& r) { r.mutable_spec()->add_early_stopping()->mutable_patience(); },
     "spec.early_stopping[0].patience.patience: must be 1 to 1,000,000; got 0; choose a number between"},
    {"ManyRules",
     [](Request& r) {
       for (int i = 0; i < 17; ++i) r.mutable_spec()->add_early_stopping()->mutable_median();
     },
     "spec.early_stopping: must be at most 16 rules; got 17; remove some"},
    {"NoCommand", [](Request& r) { Template(r).clear_command(); },
     "spec.trial.command: must be 1 to 256 texts, the program and its arguments; got 0; say what to run"},
    {"UnknownPlaceholder", [](Request& r) { Template(r).add_command("{y}"); },
     "spec.trial.command[2]: placeholder {y} must name a parameter; got \"{y}\"; use one of x, or write {{ and }} for "
     "braces"},
    {"VariableOfPegbox", [](Request& r) { (*Template(r).mutable_environment())["PEGBOX_SEED"] = "1"; },
     "spec.trial.environment[\"PEGBOX_SEED\"]: names that begin with PEGBOX_ are Pegbox's own; got \"PEGBOX_SEED\"; "
     "rename the variable"},
    {"RelativeDirectory", [](Request& r) { Template(r).set_working_directory("runs"); },
     "spec.trial.working_directory: must be an absolute path; got \"runs\"; begin it with /, or leave it out for a "
     "fresh directory"},
    {"LongGracePeriod", [](Request& r) { Template(r).mutable_grace_period()->set_seconds(3601); },
     "spec.trial.grace_period: must be 0 s to 1 h; got 1h1s; choose a time between"},
    {"NegativeTrialRuntime", [](Request& r) { Template(r).mutable_max_runtime()->set_seconds(-1); },
     "spec.trial.max_runtime: must be 1 s to 365 days; got -1s; choose a time between"},
    {"RegexWithAnOpenGroup", [](Request& r) { AddDefinition(r, "loss=([0-9.]+"); },
     "spec.trial.metric_definitions[0].regex: must be a regular expression of RE2 (missing ): loss=([0-9.]+); got "
     "\"loss=([0-9.]+\"; look-around and back-references are not known to RE2"},
    {"RegexWithoutAGroup", [](Request& r) { AddDefinition(r, "loss=[0-9.]+"); },
     "spec.trial.metric_definitions[0].regex: must have exactly one capture group, the value; got 0; put the number in "
     "parentheses, as in loss=([0-9.eE+-]+)"},
    {"RegexWithTwoGroups", [](Request& r) { AddDefinition(r, "(loss|l)=([0-9.]+)"); },
     "spec.trial.metric_definitions[0].regex: must have exactly one capture group, the value; got 2; write the others "
     "as (?:...)"},
    {"EmptyRegex", [](Request& r) { AddDefinition(r, ""); },
     "spec.trial.metric_definitions[0].regex: must be 1 to 512 bytes; got 0 bytes; write one, such as "
     "\"loss=([0-9.]+)\""},
    {"LongRegex", [](Request& r) { AddDefinition(r, std::string(600, '(')); },
     "spec.trial.metric_definitions[0].regex: must be 1 to 512 bytes; got 600 bytes; shorten it"},
    {"NegativeMaxConsecutiveFailures", [](Request& r) { r.mutable_spec()->set_max_consecutive_failures(-1); },
     "spec.max_consecutive_failures: must be 0 to 1,000,000, 0 for never; got -1; choose a number between"},
};

INSTANTIATE_TEST_SUITE_P(Each, BadCreateRequestTest, testing::ValuesIn(kBadRequests),
                         [](const testing::TestParamInfo<BadCreate>& info) { return info.param.name; });

}  // namespace
}  // namespace pegbox
