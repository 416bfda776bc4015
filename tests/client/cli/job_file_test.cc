#include "client/cli/job_file.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>

#include "absl/strings/str_cat.h"

namespace pegbox::cli {
namespace {

// What a job file needs besides its parameters; 3 lines.
constexpr char kRest[] =
    "objective: {metric: loss, goal: minimize}\n"
    "max_jobs: 4\n"
    "trial: {command: [train]}\n";
constexpr char kParameters[] = "parameters: [{name: x, double: {min: 0, max: 1}}]\n";

// A whole file whose lines from the 2nd on are `parameters`.
std::string WithParameters(const std::string& parameters) { return absl::StrCat("parameters:\n", parameters, kRest); }
// A whole file whose lines from the 5th on are `more`.
std::string With(const std::string& more) { return absl::StrCat(kParameters, kRest, more); }

v1::TuningJobSpec Spec(const std::string& text) {
  v1::TuningJobSpec spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec));
  return spec;
}

TEST(JobFileTest, EveryKeyReachesItsField) {
  const absl::StatusOr<JobFile> file = ParseJobFile("/jobs/fashion.yaml", R"(
display_name: Fashion
objective: {metric: "validation:loss", goal: MINIMIZE, target: 0.25, scope: last}
parameters:
  - name: learning_rate
    double: {min: 1e-5, max: 1e-1, scale: log}
    default: 1e-3
  - {name: layers, integer: {min: 1, max: 4}, default: 2}
  - {name: batch_size, discrete: {values: [16, 32, 64]}, default: 32}
  - {name: optimizer, categorical: {values: [sgd, adam, 10]}, default: adam}
  - {name: nesterov, bool: , default: true, condition: {parent: optimizer, values: [sgd, 10]}}
  - {name: warm, bool: {}}
  - {name: epochs, constant: 20}
  - {name: decay, constant: 0.5}
  - {name: tag, constant: "7"}
  - {name: momentum, double: {min: 0, max: 1}, condition: {parent: nesterov, values: [true]}}
  - {name: deep, double: {min: 0, max: 1}, condition: {parent: layers, values: [3, 4]}}
  - {name: small, double: {min: 0, max: 1}, condition: {parent: batch_size, values: [16]}}
  - {name: half, double: {min: 0, max: 1}, condition: {parent: decay, values: [1]}}
max_jobs: 20
max_parallel_jobs: 2
max_runtime: 1h30m
strategy: {algorithm: bayesian, seed: 18446744073709551615}
early_stopping:
  - median: {min_completed_trials: 3}
  - patience: {patience: 4, min_delta: 0.001, min_steps: 2}
  - median:
trial:
  command: [./train.py, --epochs, 20, "{learning_rate}"]
  environment: {OMP_NUM_THREADS: 1}
  working_directory: data
  metric_definitions: [{name: loss, regex: 'loss=(\S+)'}]
  grace_period: 1500ms
  max_runtime: 5m
max_consecutive_failures: 0
)");
  ASSERT_TRUE(file.ok()) << file.status();
  const v1::TuningJobSpec expected = Spec(R"pb(
    display_name: "Fashion"
    objective { metric: "validation:loss" goal: MINIMIZE target: 0.25 scope: LAST }
    parameters {
      name: "learning_rate"
      double { min: 1e-5 max: 1e-1 scale: LOG }
      default { double_value: 1e-3 }
    }
    parameters {
      name: "layers"
      integer { min: 1 max: 4 }
      default { int_value: 2 }
    }
    parameters {
      name: "batch_size"
      discrete { values: 16 values: 32 values: 64 }
      default { double_value: 32 }
    }
    parameters {
      name: "optimizer"
      categorical { values: "sgd" values: "adam" values: "10" }
      default { string_value: "adam" }
    }
    parameters {
      name: "nesterov"
      bool {}
      default { bool_value: true }
      condition {
        parent: "optimizer"
        values { string_value: "sgd" }
        values { string_value: "10" }
      }
    }
    parameters {
      name: "warm"
      bool {}
    }
    parameters {
      name: "epochs"
      constant { int_value: 20 }
    }
    parameters {
      name: "decay"
      constant { double_value: 0.5 }
    }
    parameters {
      name: "tag"
      constant { string_value: "7" }
    }
    parameters {
      name: "momentum"
      double { min: 0 max: 1 }
      condition {
        parent: "nesterov"
        values { bool_value: true }
      }
    }
    parameters {
      name: "deep"
      double { min: 0 max: 1 }
      condition {
        parent: "layers"
        values { int_value: 3 }
        values { int_value: 4 }
      }
    }
    parameters {
      name: "small"
      double { min: 0 max: 1 }
      condition {
        parent: "batch_size"
        values { double_value: 16 }
      }
    }
    parameters {
      name: "half"
      double { min: 0 max: 1 }
      condition {
        parent: "decay"
        values { double_value: 1 }
      }
    }
    max_jobs: 20
    max_parallel_jobs: 2
    max_runtime { seconds: 5400 }
    strategy { algorithm: BAYESIAN seed: 18446744073709551615 }
    early_stopping { median { min_completed_trials: 3 } }
    early_stopping { patience { patience: 4 min_delta: 0.001 min_steps: 2 } }
    early_stopping { median {} }
    trial {
      command: "/jobs/train.py"
      command: "--epochs"
      command: "20"
      command: "{learning_rate}"
      environment { key: "OMP_NUM_THREADS" value: "1" }
      working_directory: "/jobs/data"
      metric_definitions { name: "loss" regex: "loss=(\\S+)" }
      grace_period { seconds: 1 nanos: 500000000 }
      max_runtime { seconds: 300 }
    }
    max_consecutive_failures: 0
  )pb");
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(expected, file->spec)) << difference;
}

TEST(JobFileTest, ProgramsWithoutASlashAndAbsoluteOnesStayAsTheyAre) {
  EXPECT_EQ(ParseJobFile("jobs/a.yaml", With(""))->spec.trial().command(0), "train");
  const std::string absolute = absl::StrCat(kParameters,
                                            "objective: {metric: loss, goal: minimize}\nmax_jobs: 4\n"
                                            "trial: {command: [/opt/x/../train, ../data]}\n");
  const absl::StatusOr<JobFile> file = ParseJobFile("jobs/a.yaml", absolute);
  EXPECT_EQ(file->spec.trial().command(0), "/opt/x/../train");
  EXPECT_EQ(file->spec.trial().command(1), "../data");
}

TEST(JobFileTest, AliasesStandForWhatTheyName) {
  const absl::StatusOr<JobFile> file = ParseJobFile(
      "a.yaml", WithParameters("  - {name: x, double: &range {min: 0, max: 1}}\n  - {name: y, double: *range}\n"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->spec.parameters(1).double_().max(), 1);
}

TEST(JobFileTest, ServerRefusalsGetTheLineOfTheirField) {
  const absl::StatusOr<JobFile> file = ParseJobFile("a.yaml", WithParameters("  - name: x\n"
                                                                             "    double:\n"
                                                                             "      min: 2\n"
                                                                             "      max: 1\n"));
  ASSERT_TRUE(file.ok()) << file.status();
  const auto locate = [&](absl::string_view message) {
    return std::string(Locate(*file, absl::InvalidArgumentError(message)).message());
  };
  EXPECT_EQ(locate("spec.parameters[0].double.max: must be above min (2); got 1"),
            "a.yaml:5: parameters[0].double.max: must be above min (2); got 1");
  // Fields that the file does not have are shown at what holds them.
  EXPECT_EQ(locate("spec.parameters[0].double.scale: bad"), "a.yaml:3: parameters[0].double.scale: bad");
  EXPECT_EQ(locate("spec.trial.command[7]: bad"), "a.yaml:8: trial.command[7]: bad");
  EXPECT_EQ(locate("spec.strategy.seed: bad"), "a.yaml:1: strategy.seed: bad");
  EXPECT_EQ(locate("tuning_job_id: bad"), "tuning_job_id: bad");
  EXPECT_EQ(Locate(*file, absl::NotFoundError("spec.x: y")), absl::NotFoundError("spec.x: y"));
}

struct BadFile {
  std::string name;
  std::string text;
  std::string error;
};
void PrintTo(const BadFile& bad, std::ostream* out) { *out << bad.name; }

class BadJobFileTest : public testing::TestWithParam<BadFile> {};

TEST_P(BadJobFileTest, IsRefusedWithItsLine) {
  const absl::StatusOr<JobFile> file = ParseJobFile("a.yaml", GetParam().text);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(file.status().message()), GetParam().error);
}

std::string Repeat(const std::string& text, int times) {
  std::string repeated;
  for (int i = 0; i < times; ++i) repeated += text;
  return repeated;
}

// Each level names the one before ten times: 10^8 values in a few hundred bytes.
std::string AliasBomb() {
  std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 8; ++i) {
    absl::StrAppend(&text, "a", i, ": &a", i, " [", Repeat(absl::StrCat("*a", i - 1, ","), 9), "*a", i - 1, "]\n");
  }
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    Syntax, BadJobFileTest,
    testing::Values(
        BadFile{"empty", "", "a.yaml:1: the file is empty"},  //
        BadFile{"only_comments", "# nothing\n\n", "a.yaml:1: the file is empty"},
        BadFile{"several_documents", With("---\nmax_jobs: 3\n"),
                "a.yaml:5: is a second document; a job file holds one"},
        BadFile{"tab", "max_jobs: 4\ntrial:\n\tcommand: [x]\n", "a.yaml:3: is indented with a tab; use spaces"},
        BadFile{"tab_after_spaces", "trial:\n  command:\n  \t- x\n", "a.yaml:3: is indented with a tab; use spaces"},
        BadFile{"unclosed_list", "max_jobs: 4\nparameters: [a, b\n",
                "a.yaml:3: is not YAML: end of sequence flow not found"},
        BadFile{"colon_in_plain_text", "display_name: a: b\n", "a.yaml:1: is not YAML: illegal map value"},
        BadFile{"duplicate_key", With("max_jobs: 5\n"),
                "a.yaml:5: the key \"max_jobs\" is given twice, first in line 3"},
        BadFile{"nested_duplicate_key", "trial:\n  command: [a]\n  command: [b]\n",
                "a.yaml:3: the key \"command\" is given twice, first in line 2"},
        BadFile{"unknown_alias", "max_jobs: *n\n", "a.yaml:1: is not YAML: the referenced anchor is not defined"},
        BadFile{"alias_inside_itself", "a: &a [*a]\n", "a.yaml:1: the alias stands inside what it refers to"},
        BadFile{"alias_bomb", AliasBomb(),
                "a.yaml:5: the file has more than 100000 values once its aliases are replaced"},
        BadFile{"nested_anchors", "a: " + Repeat("&a [", 60) + Repeat("x,", 2000) + Repeat("]", 60) + "\n",
                "a.yaml:1: the file's anchors hold too many values"},
        BadFile{"too_deep", Repeat("[", 100000), "a.yaml:1: is nested more than 64 levels deep"},
        BadFile{"tag", "max_jobs: !!int 4\n",
                "a.yaml:1: has the tag \"tag:yaml.org,2002:int\"; tags are not allowed, remove it"},
        BadFile{"list_as_key", "? [a]\n: b\n", "a.yaml:1: a key must be a text; got a list"},
        BadFile{"not_utf8", "max_jobs: 4\ndisplay_name: \xff\n", "a.yaml:2: is not UTF-8 text"},
        BadFile{"control_character", std::string("a: b\nc: \x1b[31m\n"),
                "a.yaml:2: holds the control character 0x1b; remove it"},
        BadFile{"too_large", std::string((1 << 20) + 1, '#'),
                "a.yaml: is larger than 1 MiB; a job file is not for data"},
        BadFile{"top_level_list", "- a\n- b\n", "a.yaml:1: must be a map of keys and values; got a list"},
        BadFile{"top_level_text", "hello\n", "a.yaml:1: must be a map of keys and values; got hello"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Keys, BadJobFileTest,
    testing::Values(
        BadFile{"unknown_key_near", With("max_paralel_jobs: 2\n"),
                "a.yaml:5: max_paralel_jobs: unknown key; did you mean \"max_parallel_jobs\"?"},
        BadFile{"unknown_key_camel_case", With("maxParallelJobs: 2\n"),
                "a.yaml:5: maxParallelJobs: unknown key; did you mean \"max_parallel_jobs\"?"},
        BadFile{"unknown_key_far", With("strategy: {budget: 3}\n"),
                "a.yaml:5: strategy.budget: unknown key; the known keys are algorithm, seed"},
        BadFile{"unknown_nested_key", WithParameters("  - name: x\n    double:\n      mni: 0\n      max: 1\n"),
                "a.yaml:4: parameters[0].double.mni: unknown key; did you mean \"min\"?"},
        BadFile{"key_of_keyless_message", WithParameters("  - {name: x, bool: {values: [true]}}\n"),
                "a.yaml:2: parameters[0].bool.values: unknown key; no keys are known here"},
        BadFile{"merge_key", WithParameters("  - {name: x, double: {<<: {min: 0}, max: 1}}\n"),
                "a.yaml:2: parameters[0].double.<<: unknown key; the known keys are min, max, scale, include_zero"},
        BadFile{"missing_max_jobs",
                absl::StrCat(kParameters, "objective: {metric: loss, goal: minimize}\ntrial: {command: [t]}\n"),
                "a.yaml:1: max_jobs: is required and missing"},
        BadFile{"missing_min", WithParameters("  - name: x\n    double:\n      max: 1\n"),
                "a.yaml:3: parameters[0].double.min: is required and missing"},
        BadFile{"missing_goal", "objective:\n  metric: loss\n", "a.yaml:1: objective.goal: is required and missing"},
        BadFile{"missing_domain", WithParameters("  - {name: x, double: {min: 0, max: 1}}\n  - name: y\n"),
                "a.yaml:3: parameters[1]: must have one of the keys double, integer, discrete, categorical, bool, "
                "constant"},
        BadFile{"two_domains",
                WithParameters("  - name: x\n    double: {min: 0, max: 1}\n    integer: {min: 0, max: 1}\n"),
                "a.yaml:4: parameters[0]: \"double\" (line 3) and \"integer\" exclude each other; keep one"},
        BadFile{"two_rules_in_one", With("early_stopping:\n  - median: {}\n    patience: {patience: 3}\n"),
                "a.yaml:7: early_stopping[0]: \"median\" (line 6) and \"patience\" exclude each other; keep "
                "one"},
        BadFile{"empty_rule", With("early_stopping:\n  - {}\n"),
                "a.yaml:6: early_stopping[0]: must have one of the keys median, patience"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Values, BadJobFileTest,
    testing::Values(
        BadFile{"text_for_number", WithParameters("  - name: x\n    double:\n      min: low\n      max: 1\n"),
                "a.yaml:4: parameters[0].double.min: must be a finite number; got low"},
        BadFile{"quoted_number", With("max_parallel_jobs: \"2\"\n"),
                "a.yaml:5: max_parallel_jobs: must be a whole number of at most 64 bits, without quotes; got \"2\""},
        BadFile{"fraction_for_count", With("max_parallel_jobs: 2.5\n"),
                "a.yaml:5: max_parallel_jobs: must be a whole number of at most 64 bits; got 2.5"},
        BadFile{"nan", WithParameters("  - {name: x, double: {min: .nan, max: 1}}\n"),
                "a.yaml:2: parameters[0].double.min: must be a finite number; got .nan"},
        BadFile{"infinite_target", "objective: {metric: a, goal: minimize, target: 1e999}\n",
                "a.yaml:1: objective.target: must be a finite number; got 1e999"},
        BadFile{"negative_seed", With("strategy:\n  seed: -1\n"),
                "a.yaml:6: strategy.seed: must be a whole number from 0 to 2^64 - 1; got -1"},
        BadFile{"bad_goal", "objective: {metric: a, goal: smallest}\n",
                "a.yaml:1: objective.goal: must be one of minimize, maximize; got smallest"},
        BadFile{"mixed_case_enum", "objective: {metric: a, goal: Minimize}\n",
                "a.yaml:1: objective.goal: must be one of minimize, maximize; got Minimize"},
        BadFile{"unspecified_enum",
                WithParameters("  - {name: x, double: {min: 0, max: 1, scale: "
                               "scale_unspecified}}\n"),
                "a.yaml:2: parameters[0].double.scale: must be one of linear, log, reverse_log; got scale_unspecified"},
        BadFile{"no_value", With("display_name:\nmax_parallel_jobs: 2\n"),
                "a.yaml:5: display_name: must be a text; got nothing"},
        BadFile{"map_for_list", With("early_stopping:\n  median: {}\n"),
                "a.yaml:5: early_stopping: must be a list; got a map"},
        BadFile{"list_for_map", "objective:\n  - metric: a\n",
                "a.yaml:1: objective: must be a map of keys and values; got a list"},
        BadFile{"command_as_text",
                absl::StrCat(kParameters, "objective: {metric: a, goal: minimize}\nmax_jobs: 1\n",
                             "trial:\n  command: python train.py\n"),
                "a.yaml:5: trial.command: must be a list; got python train.py"},
        BadFile{"command_with_map",
                absl::StrCat(kParameters, "objective: {metric: a, goal: minimize}\nmax_jobs: 1\n",
                             "trial:\n  command:\n    - python\n    - a: b\n"),
                "a.yaml:7: trial.command[1]: must be a text; got a map"},
        BadFile{"environment_list", "trial:\n  command: [x]\n  environment: [A=1]\n",
                "a.yaml:3: trial.environment: must be a map of keys and values; got a list"},
        BadFile{"environment_without_value", "trial:\n  command: [x]\n  environment:\n    A:\n    B: 1\n",
                "a.yaml:4: trial.environment[\"A\"]: must be a text; got nothing"},
        BadFile{"duration_without_unit", With("max_runtime: 90\n"),
                "a.yaml:5: max_runtime: must be a time with its unit, such as 90s, 5m or 1h30m; got 90"},
        BadFile{"negative_duration", "trial:\n  command: [x]\n  grace_period: -5s\n",
                "a.yaml:3: trial.grace_period: must be a time with its unit, such as 90s, 5m or 1h30m; got -5s"},
        BadFile{"duration_map", With("max_runtime: {seconds: 5}\n"),
                "a.yaml:5: max_runtime: must be a time with its unit, such as 90s, 5m or 1h30m; got a map"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    ParameterValues, BadJobFileTest,
    testing::Values(
        BadFile{"text_default_of_double",
                WithParameters("  - name: x\n    double: {min: 0, max: 1}\n    default: low\n"),
                "a.yaml:4: parameters[0].default: must be a finite number; got low (a value of the double parameter "
                "\"x\")"},
        BadFile{"fraction_default_of_integer",
                WithParameters("  - {name: x, integer: {min: 0, max: 9}, default: 1.5}\n"),
                "a.yaml:2: parameters[0].default: must be a whole number of at most 64 bits; got 1.5 (a value of the "
                "integer parameter \"x\")"},
        BadFile{"text_default_of_bool", WithParameters("  - {name: x, bool: {}, default: yes}\n"),
                "a.yaml:2: parameters[0].default: must be true or false; got yes (a value of the bool parameter "
                "\"x\")"},
        BadFile{"default_without_value", WithParameters("  - {name: x, categorical: {values: [a, b]}, default: }\n"),
                "a.yaml:2: parameters[0].default: must be a text; got nothing (a value of the categorical parameter "
                "\"x\")"},
        BadFile{"map_constant", WithParameters("  - {name: x, constant: {int_value: 3}}\n"),
                "a.yaml:2: parameters[0].constant: must be a number, a text, true or false; got a map"},
        BadFile{
            "huge_constant", WithParameters("  - {name: x, constant: 99999999999999999999}\n"),
            "a.yaml:2: parameters[0].constant: must be a whole number of at most 64 bits; got 99999999999999999999"},
        BadFile{"unknown_parent",
                WithParameters("  - {name: optimizer, categorical: {values: [a, b]}}\n"
                               "  - name: momentum\n"
                               "    double: {min: 0, max: 1}\n"
                               "    condition:\n"
                               "      parent: optimiser\n"
                               "      values: [a]\n"),
                "a.yaml:6: parameters[1].condition.parent: must be the name of a parameter of this file; got "
                "\"optimiser\"; did you mean \"optimizer\"?"},
        BadFile{"value_of_another_type_than_the_parent",
                WithParameters("  - {name: layers, integer: {min: 1, max: 3}}\n"
                               "  - name: width\n"
                               "    double: {min: 0, max: 1}\n"
                               "    condition: {parent: layers, values: [1, two]}\n"),
                "a.yaml:5: parameters[1].condition.values[1]: must be a whole number of at most 64 bits; got two (a "
                "value of the integer parameter \"layers\")"}),
    [](const auto& info) { return info.param.name; });

TEST(ReadJobFileTest, FilesThatCannotBeReadAreNamed) {
  const std::string folder = testing::TempDir() + "/read_job_file";
  std::filesystem::create_directories(folder);
  EXPECT_EQ(ReadJobFile(folder + "/none.yaml").status().message(),
            folder + "/none.yaml: cannot be read: No such file or directory");
  EXPECT_EQ(ReadJobFile(folder).status().message(), folder + ": is a folder; give a job file");
  std::ofstream(folder + "/large.yaml") << std::string(2 << 20, '#');
  EXPECT_EQ(ReadJobFile(folder + "/large.yaml").status().message(),
            folder + "/large.yaml: is larger than 1 MiB; a job file is not for data");
  std::ofstream(folder + "/good.yaml") << With("");
  EXPECT_TRUE(ReadJobFile(folder + "/good.yaml").ok());
}

}  // namespace
}  // namespace pegbox::cli
