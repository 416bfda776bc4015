// Each rule of a search space, broken once in an otherwise valid space, and what must be said of it.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "server/domain/search_space.h"
#include "tests/server/domain/examples.h"

namespace pegbox {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kLargestInteger = int64_t{1} << 53;

using Parameters = std::vector<Parameter>;

struct BadSpace {
  std::string name;
  void (*change)(Parameters&);  // of ExampleParameters()
  std::string error;
};

void PrintTo(const BadSpace& bad, std::ostream* out) { *out << bad.name; }

class BadSearchSpaceTest : public testing::TestWithParam<BadSpace> {};

TEST_P(BadSearchSpaceTest, IsRejected) {
  Parameters parameters = ExampleParameters();
  GetParam().change(parameters);
  const absl::Status status = SearchSpace::Create(std::move(parameters)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(status.message()), GetParam().error);
}

std::string NameOf(const testing::TestParamInfo<BadSpace>& info) { return info.param.name; }

ParameterValue Text(const char* text) { return std::string(text); }

const BadSpace kBadNames[] = {
    {"None", [](Parameters& p) { p.clear(); }, "parameters: must be 1 to 256 parameters; got 0; say what to search"},
    {"TooMany",
     [](Parameters& p) {
       while (p.size() < 257) p.push_back({.name = "b" + std::to_string(p.size()), .domain = BoolDomain{}});
     },
     "parameters: must be 1 to 256 parameters; got 257; search fewer at once"},
    {"OnlyConstants", [](Parameters& p) { p = {{.name = "seed", .domain = ConstantDomain{int64_t{1}}}}; },
     "parameters: must hold a parameter that is not constant; got only constants; give at least one a range or a list "
     "of values"},
    {"EmptyName", [](Parameters& p) { p[3].name = ""; },
     "parameters[3].name: must be 1 to 128 characters of A-Z a-z 0-9 _ . -, the first a letter or _; got \"\"; rename "
     "the parameter"},
    {"NameBeginsWithADigit", [](Parameters& p) { p[3].name = "1st"; },
     "parameters[3].name: must be 1 to 128 characters of A-Z a-z 0-9 _ . -, the first a letter or _; got \"1st\"; "
     "rename the parameter"},
    {"NameBeginsWithAHyphen", [](Parameters& p) { p[0].name = "-lr"; },
     "parameters[0].name: must be 1 to 128 characters of A-Z a-z 0-9 _ . -, the first a letter or _; got \"-lr\"; "
     "rename the parameter"},
    {"NameWithASpace", [](Parameters& p) { p[0].name = "learning rate"; },
     "parameters[0].name: must be 1 to 128 characters of A-Z a-z 0-9 _ . -, the first a letter or _; got \"learning "
     "rate\"; rename the parameter"},
    {"NameWithControlCharacters", [](Parameters& p) { p[0].name = std::string("a\0\x1b", 3); },
     "parameters[0].name: must be 1 to 128 characters of A-Z a-z 0-9 _ . -, the first a letter or _; got "
     "\"a\\x00\\x1b\"; rename the parameter"},
    {"NameTooLong", [](Parameters& p) { p[0].name = std::string(129, 'a'); },
     "parameters[0].name: must be 1 to 128 characters of A-Z a-z 0-9 _ . -, the first a letter or _; got \"" +
         std::string(129, 'a') + "\"; rename the parameter"},
    {"NameTwice", [](Parameters& p) { p[3].name = "optimizer"; },
     "parameters[3].name: must differ from that of parameters[1]; got \"optimizer\"; rename one of them"},
};
INSTANTIATE_TEST_SUITE_P(Names, BadSearchSpaceTest, testing::ValuesIn(kBadNames), NameOf);

const BadSpace kBadDoubles[] = {
    {"MinNan",
     [](Parameters& p) {
       p[0].domain = DoubleDomain{kNan, 1};
     },
     "parameters[0].double.min: must be finite; got nan; write a number"},
    {"MinInfinite",
     [](Parameters& p) {
       p[0].domain = DoubleDomain{-kInfinity, 1};
     },
     "parameters[0].double.min: must be finite; got -inf; write a number"},
    {"MaxInfinite",
     [](Parameters& p) {
       p[0].domain = DoubleDomain{0, kInfinity};
     },
     "parameters[0].double.max: must be finite; got inf; write a number"},
    {"MaxBelowMin",
     [](Parameters& p) {
       p[0].domain = DoubleDomain{0.5, 0.1};
     },
     "parameters[0].double.max: must be above min, 0.5; got 0.1; swap them, or use a constant for a single value"},
    {"MaxEqualsMin",
     [](Parameters& p) {
       p[0].domain = DoubleDomain{0.5, 0.5};
     },
     "parameters[0].double.max: must be above min, 0.5; got 0.5; swap them, or use a constant for a single value"},
    {"LogOfZero",
     [](Parameters& p) {
       p[0].domain = DoubleDomain{0, 1, Scale::kLog};
     },
     "parameters[0].double.min: must be above 0 for LOG; got 0; use LINEAR or a positive min"},
    {"LogOfNegative",
     [](Parameters& p) {
       p[0].domain = DoubleDomain{-1, 1, Scale::kLog};
     },
     "parameters[0].double.min: must be above 0 for LOG; got -1; use LINEAR or a positive min"},
    {"ReverseLogOfZero",
     [](Parameters& p) {
       p[0].domain = DoubleDomain{0, 1, Scale::kReverseLog};
     },
     "parameters[0].double.min: must be above 0 for REVERSE_LOG; got 0; use LINEAR or a positive min"},
    {"ZeroWithoutLog", [](Parameters& p) { p[0].domain = DoubleDomain{.min = 1, .max = 2, .include_zero = true}; },
     "parameters[0].double.include_zero: must be false without LOG; got true; use LOG, or a min of 0"},
    {"TooWide",
     [](Parameters& p) {
       p[0].domain = DoubleDomain{-1.5e308, 1.5e308};
     },
     "parameters[0].double.max: max - min must be finite; got -1.5e308 to 1.5e308; narrow the range"},
};
INSTANTIATE_TEST_SUITE_P(Doubles, BadSearchSpaceTest, testing::ValuesIn(kBadDoubles), NameOf);

const BadSpace kBadIntegers[] = {
    {"MinTooSmall",
     [](Parameters& p) {
       p[0].domain = IntegerDomain{-kLargestInteger - 1, 1};
     },
     "parameters[0].integer.min: must be within -2^53 to 2^53; got -9007199254740993; narrow the range"},
    {"MaxTooLarge",
     [](Parameters& p) {
       p[0].domain = IntegerDomain{0, INT64_MAX};
     },
     "parameters[0].integer.max: must be within -2^53 to 2^53; got 9223372036854775807; narrow the range"},
    {"MaxBelowMin",
     [](Parameters& p) {
       p[0].domain = IntegerDomain{8, 2};
     },
     "parameters[0].integer.max: must be above min, 8; got 2; swap them, or use a constant for a single value"},
    {"MaxEqualsMin",
     [](Parameters& p) {
       p[0].domain = IntegerDomain{8, 8};
     },
     "parameters[0].integer.max: must be above min, 8; got 8; swap them, or use a constant for a single value"},
    {"LogOfZero",
     [](Parameters& p) {
       p[0].domain = IntegerDomain{0, 8, Scale::kLog};
     },
     "parameters[0].integer.min: must be above 0 for LOG; got 0; use LINEAR or a positive min"},
    {"ReverseLog",
     [](Parameters& p) {
       p[0].domain = IntegerDomain{1, 8, Scale::kReverseLog};
     },
     "parameters[0].integer.scale: must be LINEAR or LOG for integers; got REVERSE_LOG; use one of them, or a double"},
};
INSTANTIATE_TEST_SUITE_P(Integers, BadSearchSpaceTest, testing::ValuesIn(kBadIntegers), NameOf);

const BadSpace kBadLists[] = {
    {"NoDiscreteValues", [](Parameters& p) { p[3].domain = DiscreteDomain{}; },
     "parameters[3].discrete.values: must be 2 to 1,024 values; got 0; add values, or use a constant"},
    {"OneDiscreteValue", [](Parameters& p) { p[3].domain = DiscreteDomain{{32}}; },
     "parameters[3].discrete.values: must be 2 to 1,024 values; got 1; add values, or use a constant"},
    {"TooManyDiscreteValues", [](Parameters& p) { p[3].domain = DiscreteDomain{std::vector<double>(1025, 1)}; },
     "parameters[3].discrete.values: must be 2 to 1,024 values; got 1025; use fewer values, or a range"},
    {"DiscreteDescends",
     [](Parameters& p) {
       p[3].domain = DiscreteDomain{{32, 128, 64}};
     },
     "parameters[3].discrete.values[2]: must be above the value before it, 128; got 64; list the values ascending, "
     "each "
     "once"},
    {"DiscreteTwice",
     [](Parameters& p) {
       p[3].domain = DiscreteDomain{{32, 32}};
     },
     "parameters[3].discrete.values[1]: must be above the value before it, 32; got 32; list the values ascending, each "
     "once"},
    {"DiscreteNan",
     [](Parameters& p) {
       p[3].domain = DiscreteDomain{{32, kNan}};
     },
     "parameters[3].discrete.values[1]: must be finite; got nan; write a number"},
    {"OneCategory", [](Parameters& p) { p[1].domain = CategoricalDomain{{"adam"}}; },
     "parameters[1].categorical.values: must be 2 to 1,024 values; got 1; add values, or use a constant"},
    {"TooManyCategories", [](Parameters& p) { p[1].domain = CategoricalDomain{std::vector<std::string>(1025, "x")}; },
     "parameters[1].categorical.values: must be 2 to 1,024 values; got 1025; use fewer values, or a range"},
    {"CategoryTwice",
     [](Parameters& p) {
       p[1].domain = CategoricalDomain{{"adam", "sgd", "adam"}};
     },
     "parameters[1].categorical.values[2]: must differ from the values before it; got \"adam\"; list each value once"},
    {"CategoryEmpty",
     [](Parameters& p) {
       p[1].domain = CategoricalDomain{{"adam", ""}};
     },
     "parameters[1].categorical.values[1]: must not be empty; got \"\"; name the choice, such as \"none\""},
    {"CategoryTooLong",
     [](Parameters& p) {
       p[1].domain = CategoricalDomain{{std::string(4097, 'x'), "sgd"}};
     },
     "parameters[1].categorical.values[0]: must be at most 4,096 bytes; got 4097 bytes; put long texts in a file and "
     "choose among its names"},
    {"CategoryWithNul",
     [](Parameters& p) {
       p[1].domain = CategoricalDomain{{"sgd", std::string("a\0z", 3)}};
     },
     "parameters[1].categorical.values[1]: must not contain a NUL byte; got \"a\\x00z\"; remove it: no argument of a "
     "command can carry one"},
    {"ConstantNan", [](Parameters& p) { p[0].domain = ConstantDomain{kNan}; },
     "parameters[0].constant: must be finite; got nan; write a number"},
    {"ConstantTooLong", [](Parameters& p) { p[0].domain = ConstantDomain{std::string(4097, 'x')}; },
     "parameters[0].constant: must be at most 4,096 bytes; got 4097 bytes; put long texts in a file and choose among "
     "its names"},
};
INSTANTIATE_TEST_SUITE_P(Lists, BadSearchSpaceTest, testing::ValuesIn(kBadLists), NameOf);

const BadSpace kBadDefaults[] = {
    {"OutsideTheRange", [](Parameters& p) { p[0].default_value = 0.5; },
     "parameters[0].default: must be 1e-5 to 0.1; got 0.5 (a double); choose one of these, or leave it out"},
    {"OfAnotherType", [](Parameters& p) { p[3].default_value = int64_t{64}; },
     "parameters[3].default: must be one of 32, 64, 128; got 64 (an integer); choose one of these, or leave it out"},
    {"NotInTheList", [](Parameters& p) { p[1].default_value = Text("rmsprop"); },
     "parameters[1].default: must be one of \"adam\", \"sgd\"; got \"rmsprop\"; choose one of these, or leave it out"},
    {"TextForBool",
     [](Parameters& p) {
       p[0].domain = BoolDomain{};
       p[0].default_value = Text("yes");
     },
     "parameters[0].default: must be true or false; got \"yes\"; choose one of these, or leave it out"},
    {"OtherThanTheConstant",
     [](Parameters& p) {
       p[0].domain = ConstantDomain{int64_t{3}};
       p[0].default_value = int64_t{4};
     },
     "parameters[0].default: must be 3 (an integer); got 4 (an integer); choose one of these, or leave it out"},
    {"OutsideTheIntegers",
     [](Parameters& p) {
       p[0].domain = IntegerDomain{1, 10};
       p[0].default_value = int64_t{11};
     },
     "parameters[0].default: must be an integer from 1 to 10; got 11 (an integer); choose one of these, or leave it "
     "out"},
};
INSTANTIATE_TEST_SUITE_P(Defaults, BadSearchSpaceTest, testing::ValuesIn(kBadDefaults), NameOf);

const BadSpace kBadConditions[] = {
    {"ParentUnknown", [](Parameters& p) { p[2].condition->parent = "optimiser"; },
     "parameters[2].condition.parent: must be the name of a parameter of this space; got \"optimiser\"; add that "
     "parameter or correct the name"},
    {"ParentEmpty", [](Parameters& p) { p[2].condition->parent = ""; },
     "parameters[2].condition.parent: must be the name of a parameter of this space; got \"\"; add that parameter or "
     "correct the name"},
    {"ParentIsItself",
     [](Parameters& p) {
       p[1].condition = Condition{"optimizer", {Text("sgd")}};
     },
     "parameters[1].condition.parent: must be another parameter; got \"optimizer\"; name the parameter on which this "
     "one depends"},
    {"ParentIsADouble",
     [](Parameters& p) {
       p[2].condition = Condition{"learning_rate", {0.1}};
     },
     "parameters[2].condition.parent: must be a categorical, discrete, integer, bool or constant parameter; got "
     "\"learning_rate\", a double; make the parent discrete"},
    {"NoValues", [](Parameters& p) { p[2].condition->values.clear(); },
     "parameters[2].condition.values: must be 1 to 1,024 values; got 0; name the parent's values for which the "
     "parameter is active"},
    {"TooManyValues", [](Parameters& p) { p[2].condition->values.assign(1025, Text("sgd")); },
     "parameters[2].condition.values: must be 1 to 1,024 values; got 1025; name the parent's values for which the "
     "parameter is active"},
    {"ValueThatTheParentCannotTake", [](Parameters& p) { p[2].condition->values.push_back(Text("SGD")); },
     "parameters[2].condition.values[1]: must be a value of \"optimizer\": one of \"adam\", \"sgd\"; got \"SGD\"; "
     "choose among these, of the same type"},
    {"ValueOfAnotherType",
     [](Parameters& p) {
       p[2].condition = Condition{"batch_size", {int64_t{64}}};
     },
     "parameters[2].condition.values[0]: must be a value of \"batch_size\": one of 32, 64, 128; got 64 (an integer); "
     "choose among these, of the same type"},
    {"CircleOfTwo",
     [](Parameters& p) {
       p[1].condition = Condition{"batch_size", {32.0}};
       p[3].condition = Condition{"optimizer", {Text("sgd")}};
     },
     "parameters[1].condition.parent: conditions must not form a circle; got optimizer -> batch_size -> optimizer; "
     "remove one of these conditions"},
};
INSTANTIATE_TEST_SUITE_P(Conditions, BadSearchSpaceTest, testing::ValuesIn(kBadConditions), NameOf);

TEST(BadSearchSpaceFieldTest, ErrorOpensWithTheFieldGiven) {
  EXPECT_EQ(SearchSpace::Create({}, "spec.parameters").status().message(),
            "spec.parameters: must be 1 to 256 parameters; got 0; say what to search");
}

TEST(BadSearchSpaceFieldTest, LongListsAreCut) {
  std::vector<Parameter> parameters = {
      {.name = "n", .domain = DiscreteDomain{{1, 2, 3, 4, 5, 6, 7, 8, 9}}, .default_value = ParameterValue(10.0)}};
  EXPECT_EQ(SearchSpace::Create(parameters).status().message(),
            "parameters[0].default: must be one of 1, 2, 3, 4, 5, 6, 7, 8, ...; got 10 (a double); choose one of "
            "these, or leave it out");
}

}  // namespace
}  // namespace pegbox
