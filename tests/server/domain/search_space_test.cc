#include "server/domain/search_space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/domain/examples.h"

namespace pegbox {
namespace {

using ::testing::ElementsAre;

ParameterValue Text(const char* text) { return std::string(text); }

Parameter Integers(std::string name, int64_t min, int64_t max, std::optional<Condition> condition = std::nullopt) {
  return {.name = std::move(name), .domain = IntegerDomain{min, max}, .condition = std::move(condition)};
}

Parameter Bool(std::string name, std::optional<Condition> condition = std::nullopt) {
  return {.name = std::move(name), .domain = BoolDomain{}, .condition = std::move(condition)};
}

SearchSpace Create(std::vector<Parameter> parameters) { return SearchSpace::Create(std::move(parameters)).value(); }

std::vector<std::string> Names(const SearchSpace& space) {
  std::vector<std::string> names;
  for (const Parameter& parameter : space.parameters()) names.push_back(parameter.name);
  return names;
}

TEST(SearchSpaceTest, OrderGivenIsKept) {
  EXPECT_THAT(Names(Create(ExampleParameters())), ElementsAre("learning_rate", "optimizer", "momentum", "batch_size"));
}

TEST(SearchSpaceTest, ParentsComeBeforeTheirChildren) {
  const SearchSpace space = Create({Bool("grandchild", Condition{"child", {true}}), Bool("first"),
                                    Bool("child", Condition{"parent", {true}}), Bool("parent"), Bool("last")});
  EXPECT_THAT(Names(space), ElementsAre("parent", "child", "grandchild", "first", "last"));
}

TEST(SearchSpaceTest, CreatingAgainChangesNothing) {
  const SearchSpace space = Create({Bool("child", Condition{"parent", {true}}), Bool("parent"), Bool("last")});
  EXPECT_EQ(Create(space.parameters()), space);
}

TEST(SearchSpaceTest, LimitsThemselvesAreAllowed) {
  constexpr int64_t kLargest = int64_t{1} << 53;
  std::vector<Parameter> parameters = {Integers("_", -kLargest, kLargest), Integers(std::string(128, 'a'), 0, 1)};
  std::vector<double> numbers;
  std::vector<std::string> texts;
  for (int i = 0; i < 1024; ++i) {
    numbers.push_back(i);
    texts.push_back(std::to_string(i));
  }
  texts[0] = std::string(4096, 'x');
  parameters.push_back({.name = "discrete", .domain = DiscreteDomain{numbers}});
  parameters.push_back({.name = "categorical", .domain = CategoricalDomain{texts}});
  while (parameters.size() < 256) parameters.push_back(Bool("b" + std::to_string(parameters.size())));
  EXPECT_TRUE(SearchSpace::Create(parameters).ok());
}

TEST(SearchSpaceTest, DefaultInsideTheDomainIsKept) {
  const SearchSpace space =
      Create({{.name = "dropout", .domain = DoubleDomain{0, 0.7}, .default_value = ParameterValue(0.7)}});
  EXPECT_EQ(space.parameters()[0].default_value, ParameterValue(0.7));
}

TEST(SearchSpaceTest, ConstantMayBeAParent) {
  const SearchSpace space = Create(
      {{.name = "mode", .domain = ConstantDomain{Text("fast")}}, Bool("flag", Condition{"mode", {Text("fast")}})});
  EXPECT_TRUE(space.IsActive(1, {{"mode", Text("fast")}}));
}

TEST(SearchSpaceTest, FindTellsThePlaceOrNothing) {
  const SearchSpace space = Create(ExampleParameters());
  EXPECT_EQ(space.Find("learning_rate"), 0u);
  EXPECT_EQ(space.Find("batch_size"), 3u);
  EXPECT_EQ(space.Find("batch"), std::nullopt);
  EXPECT_EQ(space.Find(""), std::nullopt);
}

TEST(SearchSpaceTest, ChildIsActiveForTheParentsNamedValuesOnly) {
  const SearchSpace space = Create(ExampleParameters());
  const size_t momentum = *space.Find("momentum");
  EXPECT_TRUE(space.IsActive(momentum, {{"optimizer", Text("sgd")}}));
  EXPECT_FALSE(space.IsActive(momentum, {{"optimizer", Text("adam")}}));
  EXPECT_FALSE(space.IsActive(momentum, {}));
  EXPECT_TRUE(space.IsActive(*space.Find("optimizer"), {}));
}

TEST(SearchSpaceTest, ChildOfAnInactiveParentIsInactive) {
  const SearchSpace space = Create({Bool("a"), Bool("b", Condition{"a", {true}}), Bool("c", Condition{"b", {true}})});
  EXPECT_TRUE(space.IsActive(2, {{"a", true}, {"b", true}}));
  EXPECT_FALSE(space.IsActive(2, {{"a", false}, {"b", true}}));
  EXPECT_FALSE(space.IsActive(2, {{"a", true}, {"b", false}}));
}

TEST(SearchSpaceTest, AssignmentOfTheActiveParametersIsValid) {
  const SearchSpace space = Create(ExampleParameters());
  EXPECT_TRUE(space.Validate({{"learning_rate", 0.01}, {"optimizer", Text("adam")}, {"batch_size", 64.0}}).ok());
  EXPECT_TRUE(
      space.Validate({{"learning_rate", 0.01}, {"optimizer", Text("sgd")}, {"momentum", 0.9}, {"batch_size", 64.0}})
          .ok());
}

// What changes the valid assignment above, and what must be said of it.
struct BadAssignment {
  std::string name;
  std::optional<ParameterValue> value;  // nothing: leave it out
  std::string error;
};

TEST(SearchSpaceTest, BadAssignmentsAreRejected) {
  const SearchSpace space = Create(ExampleParameters());
  const std::vector<BadAssignment> cases = {
      {"dropout", 0.5,
       R"(trial.parameters["dropout"]: must be a parameter of the search space; got "dropout"; remove it or correct the name)"},
      {"learning_rate", std::nullopt,
       R"(trial.parameters["learning_rate"]: must be 1e-5 to 0.1; got no value; add it)"},
      {"learning_rate", 0.2,
       R"(trial.parameters["learning_rate"]: must be 1e-5 to 0.1; got 0.2 (a double); choose one of these, of the same type)"},
      {"batch_size", int64_t{64},
       R"(trial.parameters["batch_size"]: must be one of 32, 64, 128; got 64 (an integer); choose one of these, of the same type)"},
      {"optimizer", Text("rmsprop"),
       R"(trial.parameters["optimizer"]: must be one of "adam", "sgd"; got "rmsprop"; choose one of these, of the same type)"},
      {"momentum", 0.9,
       R"(trial.parameters["momentum"]: must be absent where "optimizer" does not make it active; got 0.9 (a double); remove it or change the parent's value)"},
      {"optimizer", Text("sgd"), R"(trial.parameters["momentum"]: must be 0.5 to 0.99; got no value; add it)"},
  };
  for (const BadAssignment& bad : cases) {
    Assignment assignment = {{"learning_rate", 0.01}, {"optimizer", Text("adam")}, {"batch_size", 64.0}};
    assignment.erase(bad.name);
    if (bad.value.has_value()) assignment[bad.name] = *bad.value;
    const absl::Status status = space.Validate(assignment, "trial.parameters");
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(std::string(status.message()), bad.error);
  }
}

TEST(SearchSpaceTest, IndependentParametersMultiply) {
  const SearchSpace space = Create({Integers("i", 1, 5),
                                    Bool("b"),
                                    {.name = "d", .domain = DiscreteDomain{{1, 2, 3}}},
                                    {.name = "c", .domain = CategoricalDomain{{"x", "y"}}},
                                    {.name = "k", .domain = ConstantDomain{Text("z")}}});
  EXPECT_EQ(space.CountAssignments(1000), 5 * 2 * 3 * 2);
}

TEST(SearchSpaceTest, ConditionalParametersCountWhereTheyAreActive) {
  // a = true: 4 values of i; a = false: one without i.
  EXPECT_EQ(Create({Bool("a"), Integers("i", 1, 4, Condition{"a", {true}})}).CountAssignments(100), 4 + 1);
}

TEST(SearchSpaceTest, ChildrenOfOneValueMultiplyAndOfOthersAdd) {
  // x: i (3) times b (2); y: i (3); z: nothing below it.
  const SearchSpace space = Create({{.name = "c", .domain = CategoricalDomain{{"x", "y", "z"}}},
                                    Integers("i", 1, 3, Condition{"c", {Text("x"), Text("y")}}),
                                    Bool("b", Condition{"c", {Text("x")}})});
  EXPECT_EQ(space.CountAssignments(100), 3 * 2 + 3 + 1);
}

TEST(SearchSpaceTest, CountGoesDownManyLevels) {
  // a = false: 1; a = true: (b = false: 1; b = true: 5).
  const SearchSpace space =
      Create({Bool("a"), Bool("b", Condition{"a", {true}}), Integers("i", 1, 5, Condition{"b", {true}})});
  EXPECT_EQ(space.CountAssignments(100), 1 + 1 + 5);
}

TEST(SearchSpaceTest, ConditionValueNamedTwiceCountsOnce) {
  EXPECT_EQ(Create({Bool("a"), Integers("i", 1, 4, Condition{"a", {true, true}})}).CountAssignments(100), 5);
}

TEST(SearchSpaceTest, CountEndsAtTheLimit) {
  const SearchSpace space = Create({Integers("i", 1, 10), Integers("j", 1, 10)});
  EXPECT_EQ(space.CountAssignments(100), 100);
  EXPECT_EQ(space.CountAssignments(99), std::nullopt);
  EXPECT_EQ(space.CountAssignments(0), std::nullopt);
}

TEST(SearchSpaceTest, DoublesAreInfinitelyMany) {
  EXPECT_EQ(Create({{.name = "x", .domain = DoubleDomain{0, 1}}}).CountAssignments(INT64_MAX), std::nullopt);
  EXPECT_EQ(Create({Bool("a"), {.name = "x", .domain = DoubleDomain{0, 1}, .condition = Condition{"a", {true}}}})
                .CountAssignments(INT64_MAX),
            std::nullopt);
}

TEST(SearchSpaceTest, HugeCountsDoNotOverflow) {
  constexpr int64_t kLargest = int64_t{1} << 53;
  const SearchSpace one = Create({Integers("i", -kLargest, kLargest)});
  EXPECT_EQ(one.CountAssignments(INT64_MAX), 2 * kLargest + 1);
  const SearchSpace two = Create({Integers("i", -kLargest, kLargest), Integers("j", -kLargest, kLargest)});
  EXPECT_EQ(two.CountAssignments(INT64_MAX), std::nullopt);
}

}  // namespace
}  // namespace pegbox
