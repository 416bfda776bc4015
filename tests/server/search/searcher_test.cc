// What holds for the random and the Sobol searcher alike.
#include "server/search/searcher.h"

#include <memory>
#include <set>

#include "gtest/gtest.h"
#include "server/search/random_searcher.h"
#include "server/search/sobol_searcher.h"
#include "tests/server/search/search_spaces.h"

namespace pegbox {
namespace {

template <typename T>
class SpaceFillingSearcherTest : public ::testing::Test {
 protected:
  std::vector<Assignment> Suggest(const SearchSpace& space, int count, uint64_t seed = 1, int64_t next = 1) {
    T searcher;
    const auto suggestions = searcher.Suggest({space, Goal::kMinimize, seed, next, observations_}, count);
    EXPECT_TRUE(suggestions.ok()) << suggestions.status();
    std::vector<Assignment> assignments;
    for (const Suggestion& suggestion : *suggestions) {
      EXPECT_TRUE(space.Validate(suggestion.parameters).ok()) << space.Validate(suggestion.parameters);
      assignments.push_back(suggestion.parameters);
    }
    return assignments;
  }

  std::vector<Observation> observations_;
};

using Searchers = ::testing::Types<RandomSearcher, SobolSearcher>;
TYPED_TEST_SUITE(SpaceFillingSearcherTest, Searchers);

TYPED_TEST(SpaceFillingSearcherTest, DependsOnSeedAndTrialNumberOnly) {
  const SearchSpace space = SpaceOfAllKinds();
  const std::vector<Assignment> batch = this->Suggest(space, 8);
  ASSERT_EQ(batch.size(), 8);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(this->Suggest(space, 1, 1, 1 + i).front(), batch[i]);
  EXPECT_NE(this->Suggest(space, 8, 2), batch);
  EXPECT_EQ(this->Suggest(space, 8, 0).size(), 8) << "0 is a seed as any other";
}

TYPED_TEST(SpaceFillingSearcherTest, UsesUpAFiniteSpaceAndThenSuggestsNothing) {
  const SearchSpace space =
      MakeSpace({Categorical("optimizer", {"sgd", "adam"}), Integer("layers", 1, 30),
                 When(Discrete("momentum", {0.5, 0.9, 0.99}), "optimizer", {std::string("sgd")})});
  const std::vector<Assignment> first = this->Suggest(space, 100);
  ASSERT_EQ(first.size(), 100);
  for (size_t i = 0; i < first.size(); ++i) {
    this->observations_.push_back({.trial_number = static_cast<int64_t>(i + 1), .parameters = first[i]});
  }
  const std::vector<Assignment> rest = this->Suggest(space, 100, 1, 101);
  EXPECT_EQ(rest.size(), 20);
  std::set<Assignment> all(first.begin(), first.end());
  all.insert(rest.begin(), rest.end());
  EXPECT_EQ(all.size(), 120);
  for (const Assignment& assignment : rest) this->observations_.push_back({.parameters = assignment});
  EXPECT_TRUE(this->Suggest(space, 1, 1, 121).empty());
}

TYPED_TEST(SpaceFillingSearcherTest, CoversEveryLevel) {
  const SearchSpace space = MakeSpace({Double("rate", 0, 1), Categorical("optimizer", {"a", "b", "c", "d"})});
  std::map<ParameterValue, int> counts;
  for (const Assignment& assignment : this->Suggest(space, 400)) ++counts[assignment.at("optimizer")];
  for (const auto& [value, count] : counts) EXPECT_NEAR(count, 100, 35) << ToString(value);
}

TYPED_TEST(SpaceFillingSearcherTest, LivesWithASpaceOfTwoHundredParameters) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 200; ++i) parameters.push_back(Double("p" + std::to_string(i), 0, 1));
  EXPECT_EQ(this->Suggest(MakeSpace(std::move(parameters)), 3).size(), 3);
}

TEST(SobolSearcherTest, SpreadsTrialsEvenly) {
  const SearchSpace space = MakeSpace({Double("x", 0, 16)});
  SobolSearcher searcher;
  const auto suggestions = searcher.Suggest({space, Goal::kMinimize, 3, 1, {}}, 16);
  std::set<int> cells;
  for (const Suggestion& suggestion : *suggestions) {
    cells.insert(static_cast<int>(std::get<double>(suggestion.parameters.at("x"))));
    EXPECT_EQ(suggestion.provenance.source, "sobol");
  }
  EXPECT_EQ(cells.size(), 16);
}

}  // namespace
}  // namespace pegbox
