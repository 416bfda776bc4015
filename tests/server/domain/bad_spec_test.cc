// Each rule of a job's specification, broken once in an otherwise valid one, and what must be said of it.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "server/domain/tuning_job.h"
#include "tests/server/domain/examples.h"

namespace pegbox {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct BadSpec {
  std::string name;
  void (*change)(TuningJobSpec&);  // of ExampleSpec()
  std::string error;
};

void PrintTo(const BadSpec& bad, std::ostream* out) { *out << bad.name; }

class BadSpecTest : public testing::TestWithParam<BadSpec> {};

TEST_P(BadSpecTest, IsRejected) {
  TuningJobSpec spec = ExampleSpec();
  GetParam().change(spec);
  const absl::Status status = ValidateSpec(spec);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()), GetParam().error);
}

std::string NameOf(const testing::TestParamInfo<BadSpec>& info) { return info.param.name; }

TEST(SpecTest, ExampleIsValid) { EXPECT_EQ(ValidateSpec(ExampleSpec()), absl::OkStatus()); }

TEST(SpecTest, TheTrialTemplateMayBeAbsent) {
  TuningJobSpec spec = ExampleSpec();
  spec.trial.reset();
  EXPECT_EQ(ValidateSpec(spec), absl::OkStatus());
}

TEST(SpecTest, LimitsThemselvesAreAllowed) {
  TuningJobSpec spec = ExampleSpec();
  spec.display_name = std::string(128, 'x');
  spec.max_jobs = 1'000'000;
  spec.max_parallel_jobs = 10'000;
  spec.max_runtime = absl::Hours(24 * 365);
  spec.max_consecutive_failures = 0;
  spec.early_stopping.assign(15, MedianRule{.min_completed_trials = 1'000, .min_steps = int64_t{1} << 53});
  spec.early_stopping.push_back(PatienceRule{.patience = 1'000'000, .min_delta = 0, .min_steps = 0});
  spec.trial->grace_period = absl::ZeroDuration();
  spec.trial->max_runtime = absl::Seconds(1);
  spec.trial->metric_definitions.assign(256, {.name = "pegbox:step", .regex = std::string(512, 'a')});
  spec.trial->command.assign(256, std::string(512, 'a'));
  EXPECT_EQ(ValidateSpec(spec), absl::OkStatus());
}

TEST(SpecTest, PlaceholdersAndEscapedBracesAreAllowed) {
  TuningJobSpec spec = ExampleSpec();
  spec.trial->command = {"{optimizer}",
                         "{learning_rate}{batch_size}",
                         "{{not_a_parameter}}",
                         "{{\"lr\": {learning_rate}}}",
                         "{{{batch_size}}}",
                         "a}}b{{c",
                         ""};
  EXPECT_EQ(ValidateSpec(spec), absl::OkStatus());
}

TEST(SpecTest, EnvironmentAndDirectoryAreAllowed) {
  TuningJobSpec spec = ExampleSpec();
  spec.trial->environment = {{"_a9", ""}, {"PEGBOX", "1"}, {"OMP_NUM_THREADS", "1"}};
  spec.trial->working_directory = "/data";
  EXPECT_EQ(ValidateSpec(spec), absl::OkStatus());
}

const BadSpec kBadJobs[] = {
    {"DisplayNameTooLong", [](TuningJobSpec& s) { s.display_name = std::string(129, 'x'); },
     "spec.display_name: must be at most 128 bytes; got 129 bytes; shorten it"},
    {"NoMetric", [](TuningJobSpec& s) { s.objective.metric = ""; },
     "spec.objective.metric: must be 1 to 128 characters of A-Z a-z 0-9 _ . : / -; got \"\"; name a metric, such as "
     "validation:loss"},
    {"MetricWithASpace", [](TuningJobSpec& s) { s.objective.metric = "validation loss"; },
     "spec.objective.metric: must be 1 to 128 characters of A-Z a-z 0-9 _ . : / -; got \"validation loss\"; name a "
     "metric, such as validation:loss"},
    {"MetricIsTheStep", [](TuningJobSpec& s) { s.objective.metric = "pegbox:step"; },
     "spec.objective.metric: must be a metric; got \"pegbox:step\"; pegbox:step only numbers the reports; name what to "
     "make best"},
    {"TargetNan", [](TuningJobSpec& s) { s.objective.target = kNan; },
     "spec.objective.target: must be finite; got nan; write a number, or leave it out"},
    {"TargetInfinite", [](TuningJobSpec& s) { s.objective.target = -kInfinity; },
     "spec.objective.target: must be finite; got -inf; write a number, or leave it out"},
    {"NoParameters", [](TuningJobSpec& s) { s.search_space = SearchSpace(); },
     "spec.parameters: must be 1 to 256 parameters; got 0; say what to search"},
    {"NoJobs", [](TuningJobSpec& s) { s.max_jobs = 0; },
     "spec.max_jobs: must be 1 to 1,000,000; got 0; choose a number between"},
    {"TooManyJobs", [](TuningJobSpec& s) { s.max_jobs = 1'000'001; },
     "spec.max_jobs: must be 1 to 1,000,000; got 1000001; choose a number between"},
    {"NoParallelJobs", [](TuningJobSpec& s) { s.max_parallel_jobs = 0; },
     "spec.max_parallel_jobs: must be 1 to 10,000; got 0; choose a number between"},
    {"TooManyParallelJobs", [](TuningJobSpec& s) { s.max_parallel_jobs = 10'001; },
     "spec.max_parallel_jobs: must be 1 to 10,000; got 10001; choose a number between"},
    {"RuntimeZero", [](TuningJobSpec& s) { s.max_runtime = absl::ZeroDuration(); },
     "spec.max_runtime: must be 1 s to 365 days; got 0; choose a time between"},
    {"RuntimeNegative", [](TuningJobSpec& s) { s.max_runtime = -absl::Hours(1); },
     "spec.max_runtime: must be 1 s to 365 days; got -1h; choose a time between"},
    {"RuntimeTooLong", [](TuningJobSpec& s) { s.max_runtime = absl::Hours(24 * 365) + absl::Nanoseconds(1); },
     "spec.max_runtime: must be 1 s to 365 days; got 8760h0.000000001s; choose a time between"},
    {"FailuresNegative", [](TuningJobSpec& s) { s.max_consecutive_failures = -1; },
     "spec.max_consecutive_failures: must be 0 to 1,000,000, 0 for never; got -1; choose a number between"},
};
INSTANTIATE_TEST_SUITE_P(Job, BadSpecTest, testing::ValuesIn(kBadJobs), NameOf);

const BadSpec kBadRules[] = {
    {"TooManyRules", [](TuningJobSpec& s) { s.early_stopping.assign(17, MedianRule{}); },
     "spec.early_stopping: must be at most 16 rules; got 17; remove some"},
    {"MedianOfNone", [](TuningJobSpec& s) { s.early_stopping = {MedianRule{.min_completed_trials = 0}}; },
     "spec.early_stopping[0].median.min_completed_trials: must be 1 to 1,000; got 0; choose a number between"},
    {"MedianOfTooMany", [](TuningJobSpec& s) { s.early_stopping = {MedianRule{.min_completed_trials = 1'001}}; },
     "spec.early_stopping[0].median.min_completed_trials: must be 1 to 1,000; got 1001; choose a number between"},
    {"MedianStepsNegative", [](TuningJobSpec& s) { s.early_stopping = {MedianRule{.min_steps = -1}}; },
     "spec.early_stopping[0].median.min_steps: must be 0 to 2^53; got -1; choose a number between"},
    {"NoPatience",
     [](TuningJobSpec& s) {
       s.early_stopping = {MedianRule{}, PatienceRule{}};
     },
     "spec.early_stopping[1].patience.patience: must be 1 to 1,000,000; got 0; choose a number between"},
    {"TooMuchPatience", [](TuningJobSpec& s) { s.early_stopping = {PatienceRule{.patience = 1'000'001}}; },
     "spec.early_stopping[0].patience.patience: must be 1 to 1,000,000; got 1000001; choose a number between"},
    {"DeltaNegative", [](TuningJobSpec& s) { s.early_stopping = {PatienceRule{.patience = 3, .min_delta = -0.1}}; },
     "spec.early_stopping[0].patience.min_delta: must be finite, 0 or more; got -0.1; use a positive number for "
     "MAXIMIZE and MINIMIZE alike"},
    {"DeltaNan", [](TuningJobSpec& s) { s.early_stopping = {PatienceRule{.patience = 3, .min_delta = kNan}}; },
     "spec.early_stopping[0].patience.min_delta: must be finite, 0 or more; got nan; use a positive number for "
     "MAXIMIZE and MINIMIZE alike"},
    {"PatienceStepsTooMany",
     [](TuningJobSpec& s) { s.early_stopping = {PatienceRule{.patience = 3, .min_steps = (int64_t{1} << 53) + 1}}; },
     "spec.early_stopping[0].patience.min_steps: must be 0 to 2^53; got 9007199254740993; choose a number between"},
};
INSTANTIATE_TEST_SUITE_P(Rules, BadSpecTest, testing::ValuesIn(kBadRules), NameOf);

const BadSpec kBadCommands[] = {
    {"Empty", [](TuningJobSpec& s) { s.trial->command.clear(); },
     "spec.trial.command: must be 1 to 256 texts, the program and its arguments; got 0; say what to run"},
    {"TooManyArguments", [](TuningJobSpec& s) { s.trial->command.assign(257, "a"); },
     "spec.trial.command: must be 1 to 256 texts, the program and its arguments; got 257; put arguments in a file"},
    {"TooLong",
     [](TuningJobSpec& s) {
       s.trial->command = {"a", std::string(128 * 1024, 'b')};
     },
     "spec.trial.command: must be at most 131,072 bytes together; got 131073 bytes; put arguments in a file"},
    {"ProgramEmpty", [](TuningJobSpec& s) { s.trial->command[0] = ""; },
     "spec.trial.command[0]: must not be empty; got \"\"; name the program to run"},
    {"Nul", [](TuningJobSpec& s) { s.trial->command[1] = std::string("a\0z", 3); },
     "spec.trial.command[1]: must not contain a NUL byte; got \"a\\x00z\"; remove it"},
    {"UnknownParameter", [](TuningJobSpec& s) { s.trial->command[1] = "--lr={lr}"; },
     "spec.trial.command[1]: placeholder {lr} must name a parameter; got \"--lr={lr}\"; use one of learning_rate, "
     "optimizer, batch_size, or write {{ and }} for braces"},
    {"PlaceholderWithoutName", [](TuningJobSpec& s) { s.trial->command[1] = "--lr={}"; },
     "spec.trial.command[1]: placeholder {} must name a parameter; got \"--lr={}\"; use one of learning_rate, "
     "optimizer, batch_size, or write {{ and }} for braces"},
    {"JsonNotEscaped", [](TuningJobSpec& s) { s.trial->command[1] = R"({"lr": 1})"; },
     "spec.trial.command[1]: placeholder {\"lr\": 1} must name a parameter; got \"{\\\"lr\\\": 1}\"; use one of "
     "learning_rate, optimizer, batch_size, or write {{ and }} for braces"},
    {"ConditionalParameter", [](TuningJobSpec& s) { s.trial->command[1] = "--momentum={momentum}"; },
     "spec.trial.command[1]: placeholder {momentum} must not name a conditional parameter, which may have no value; "
     "got "
     "\"--momentum={momentum}\"; let the program read it from the environment variable PEGBOX_PARAMS"},
    {"BraceNotClosed", [](TuningJobSpec& s) { s.trial->command[1] = "--lr={learning_rate"; },
     "spec.trial.command[1]: braces must be balanced; got \"--lr={learning_rate\"; write {name} for a parameter's "
     "value, {{ and }} for braces"},
    {"BraceNotOpened", [](TuningJobSpec& s) { s.trial->command[1] = "learning_rate}"; },
     "spec.trial.command[1]: braces must be balanced; got \"learning_rate}\"; write {name} for a parameter's value, {{ "
     "and }} for braces"},
    {"BraceInsideBraces", [](TuningJobSpec& s) { s.trial->command[1] = "{a{learning_rate}}"; },
     "spec.trial.command[1]: braces must be balanced; got \"{a{learning_rate}}\"; write {name} for a parameter's "
     "value, "
     "{{ and }} for braces"},
    {"OddBracesAtTheEnd", [](TuningJobSpec& s) { s.trial->command[1] = "{learning_rate}}"; },
     "spec.trial.command[1]: braces must be balanced; got \"{learning_rate}}\"; write {name} for a parameter's value, "
     "{{ and }} for braces"},
};
INSTANTIATE_TEST_SUITE_P(Command, BadSpecTest, testing::ValuesIn(kBadCommands), NameOf);

const BadSpec kBadTemplates[] = {
    {"VariableWithoutName", [](TuningJobSpec& s) { s.trial->environment[""] = "1"; },
     "spec.trial.environment[\"\"]: the name must be of A-Z a-z 0-9 _, not a digit first; got \"\"; rename the "
     "variable"},
    {"VariableBeginsWithADigit", [](TuningJobSpec& s) { s.trial->environment["1A"] = "1"; },
     "spec.trial.environment[\"1A\"]: the name must be of A-Z a-z 0-9 _, not a digit first; got \"1A\"; rename the "
     "variable"},
    {"VariableWithEquals", [](TuningJobSpec& s) { s.trial->environment["A=B"] = "1"; },
     "spec.trial.environment[\"A=B\"]: the name must be of A-Z a-z 0-9 _, not a digit first; got \"A=B\"; rename the "
     "variable"},
    {"VariableOfPegbox", [](TuningJobSpec& s) { s.trial->environment["PEGBOX_TRIAL"] = "1"; },
     "spec.trial.environment[\"PEGBOX_TRIAL\"]: names that begin with PEGBOX_ are Pegbox's own; got \"PEGBOX_TRIAL\"; "
     "rename the variable"},
    {"VariableWithNul", [](TuningJobSpec& s) { s.trial->environment["A"] = std::string(1, '\0'); },
     "spec.trial.environment[\"A\"]: must not contain a NUL byte; got \"\\x00\"; remove it"},
    {"TooManyVariables",
     [](TuningJobSpec& s) {
       for (int i = 0; i < 257; ++i) s.trial->environment["A" + std::to_string(i)] = "";
     },
     "spec.trial.environment: must be at most 256 variables; got 257; put settings in a file"},
    {"EnvironmentTooLong", [](TuningJobSpec& s) { s.trial->environment["A"] = std::string(64 * 1024, 'x'); },
     "spec.trial.environment: must be at most 65,536 bytes together; got 65537 bytes; put settings in a file"},
    {"DirectoryRelative", [](TuningJobSpec& s) { s.trial->working_directory = "runs"; },
     "spec.trial.working_directory: must be an absolute path; got \"runs\"; begin it with /, or leave it out for a "
     "fresh directory"},
    {"DirectoryTooLong", [](TuningJobSpec& s) { s.trial->working_directory = std::string(4097, '/'); },
     "spec.trial.working_directory: must be at most 4,096 bytes; got 4097 bytes; use a shorter path"},
    {"DirectoryWithNul", [](TuningJobSpec& s) { s.trial->working_directory = std::string("/a\0", 3); },
     "spec.trial.working_directory: must not contain a NUL byte; got \"/a\\x00\"; remove it"},
    {"TooManyDefinitions",
     [](TuningJobSpec& s) {
       s.trial->metric_definitions.assign(257, {"loss", "a"});
     },
     "spec.trial.metric_definitions: must be at most 256; got 257; keep the metrics you use"},
    {"DefinitionWithBadName",
     [](TuningJobSpec& s) {
       s.trial->metric_definitions = {{"loss", "loss=(.*)"}, {"a b", "b=(.*)"}};
     },
     "spec.trial.metric_definitions[1].name: must be 1 to 128 characters of A-Z a-z 0-9 _ . : / -; got \"a b\"; name a "
     "metric, such as validation:loss"},
    {"DefinitionWithoutRegex",
     [](TuningJobSpec& s) {
       s.trial->metric_definitions = {{"loss", ""}};
     },
     "spec.trial.metric_definitions[0].regex: must be 1 to 512 bytes; got 0 bytes; write one, such as "
     "\"loss=([0-9.]+)\""},
    {"RegexTooLong",
     [](TuningJobSpec& s) {
       s.trial->metric_definitions = {{"loss", std::string(513, 'a')}};
     },
     "spec.trial.metric_definitions[0].regex: must be 1 to 512 bytes; got 513 bytes; shorten it"},
    {"GraceNegative", [](TuningJobSpec& s) { s.trial->grace_period = -absl::Seconds(1); },
     "spec.trial.grace_period: must be 0 s to 1 h; got -1s; choose a time between"},
    {"GraceTooLong", [](TuningJobSpec& s) { s.trial->grace_period = absl::Minutes(61); },
     "spec.trial.grace_period: must be 0 s to 1 h; got 1h1m; choose a time between"},
    {"GraceInfinite", [](TuningJobSpec& s) { s.trial->grace_period = absl::InfiniteDuration(); },
     "spec.trial.grace_period: must be 0 s to 1 h; got inf; choose a time between"},
    {"TrialRuntimeTooShort", [](TuningJobSpec& s) { s.trial->max_runtime = absl::Milliseconds(999); },
     "spec.trial.max_runtime: must be 1 s to 365 days; got 999ms; choose a time between"},
};
INSTANTIATE_TEST_SUITE_P(Template, BadSpecTest, testing::ValuesIn(kBadTemplates), NameOf);

TEST(SpecTest, ErrorOpensWithTheFieldGiven) {
  TuningJobSpec spec = ExampleSpec();
  spec.max_jobs = 0;
  EXPECT_EQ(ValidateSpec(spec, "tuning_job.spec").message(),
            "tuning_job.spec.max_jobs: must be 1 to 1,000,000; got 0; choose a number between");
}

}  // namespace
}  // namespace pegbox
