#include "server/search/gp/bayesian_searcher.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "gtest/gtest.h"
#include "server/search/gp/searcher_factory.h"
#include "server/search/random_stream.h"
#include "tests/server/search/search_spaces.h"

namespace pegbox {
namespace {

using Evaluate = std::function<std::optional<double>(const Assignment&)>;  // nothing: the trial fails

double Number(const Assignment& assignment, const std::string& name) { return std::get<double>(assignment.at(name)); }

// Runs trials one after the other, and holds what the search may never break.
class BayesianSearcherTest : public ::testing::Test {
 protected:
  std::vector<Suggestion> Ask(const SearchSpace& space, int count, uint64_t seed = 1) {
    auto suggestions = searcher_.Suggest({space, goal_, seed, Next(), observations_}, count);
    EXPECT_TRUE(suggestions.ok()) << suggestions.status();
    for (const Suggestion& suggestion : *suggestions) {
      const absl::Status valid = space.Validate(suggestion.parameters);
      EXPECT_TRUE(valid.ok()) << valid;
      for (const Observation& observation : observations_) EXPECT_NE(observation.parameters, suggestion.parameters);
    }
    return *std::move(suggestions);
  }

  void Tell(const Assignment& parameters, std::optional<double> value) {
    observations_.push_back(
        {Next(), parameters, value ? Observation::Kind::kMeasured : Observation::Kind::kFailed, value.value_or(0)});
  }

  // Returns the sources of the suggestions.
  std::vector<std::string> RunTrials(const SearchSpace& space, int trials, const Evaluate& objective,
                                     uint64_t seed = 1) {
    std::vector<std::string> sources;
    for (int i = 0; i < trials; ++i) {
      const std::vector<Suggestion> suggestions = Ask(space, 1, seed);
      if (suggestions.empty()) break;
      sources.push_back(suggestions[0].provenance.source);
      Tell(suggestions[0].parameters, objective(suggestions[0].parameters));
    }
    return sources;
  }

  double Best() const {
    double best = std::numeric_limits<double>::infinity();
    for (const Observation& observation : observations_) {
      if (observation.kind == Observation::Kind::kMeasured) best = std::min(best, observation.value);
    }
    return best;
  }

  int64_t Next() const { return static_cast<int64_t>(observations_.size()) + 1; }

  BayesianSearcher searcher_;
  Goal goal_ = Goal::kMinimize;
  std::vector<Observation> observations_;
};

double Bowl(const Assignment& a) { return std::pow(Number(a, "x") - 0.3, 2) + std::pow(Number(a, "y") - 0.8, 2); }

SearchSpace Square() { return MakeSpace({Double("x", 0, 1), Double("y", 0, 1)}); }

TEST_F(BayesianSearcherTest, BeginsAtTheStartThenSpreadsThenModels) {
  const SearchSpace space = Square();
  const std::vector<std::string> sources = RunTrials(space, 7, Bowl);
  EXPECT_EQ(sources,
            (std::vector<std::string>{"initial", "initial", "initial", "initial", "initial", "log_ei", "log_ei"}));
  EXPECT_EQ(observations_[0].parameters, (Assignment{{"x", 0.5}, {"y", 0.5}}));
  std::set<std::pair<bool, bool>> quadrants;
  for (int i = 1; i < 5; ++i) {
    quadrants.emplace(Number(observations_[i].parameters, "x") < 0.5, Number(observations_[i].parameters, "y") < 0.5);
  }
  EXPECT_EQ(quadrants.size(), 4);
}

TEST_F(BayesianSearcherTest, ConvergesOnABowlAndSaysHow) {
  const SearchSpace space = Square();
  RunTrials(space, 20, Bowl);
  EXPECT_LT(Best(), 1e-4);
  const Provenance provenance = Ask(space, 1)[0].provenance;
  EXPECT_TRUE(provenance.acquisition_value.has_value());
  EXPECT_GT(provenance.fit_evaluations, 0);
}

TEST_F(BayesianSearcherTest, MaximizesToo) {
  goal_ = Goal::kMaximize;
  const SearchSpace space = Square();
  RunTrials(space, 20, [](const Assignment& a) { return 5 - Bowl(a); });
  double best = 0;
  for (const Observation& observation : observations_) best = std::max(best, observation.value);
  EXPECT_GT(best, 5 - 1e-4);
}

TEST_F(BayesianSearcherTest, SuggestionIsAFunctionOfTheSnapshot) {
  const SearchSpace space = SpaceOfAllKinds();
  const auto objective = [](const Assignment& a) {
    return std::log10(Number(a, "learning_rate")) + Number(a, "dropout") + (a.contains("momentum") ? 1 : 0);
  };
  RunTrials(space, 62, objective);
  for (size_t known : {5, 12, 48, 50, 53, 62}) {
    const std::vector<Observation> first(observations_.begin(), observations_.begin() + static_cast<int64_t>(known));
    const SearchSnapshot snapshot{space, goal_, 1, static_cast<int64_t>(known) + 1, first};
    BayesianSearcher fresh;
    const auto with_history = searcher_.Suggest(snapshot, 2);
    const auto restarted = fresh.Suggest(snapshot, 2);
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ((*with_history)[i].parameters, (*restarted)[i].parameters) << known;
      EXPECT_EQ((*with_history)[i].provenance, (*restarted)[i].provenance) << known;
    }
    if (known == observations_.size()) break;
    EXPECT_EQ((*restarted)[0].parameters, observations_[known].parameters) << known;
  }
  observations_.resize(1);
  EXPECT_NE(Ask(space, 1, 1)[0].parameters, Ask(space, 1, 2)[0].parameters);
  EXPECT_EQ(Ask(space, 1, 0).size(), 1) << "0 is a seed as any other";
}

TEST_F(BayesianSearcherTest, ABatchIsTheSameAsOneByOneWithTheOthersPending) {
  const SearchSpace space = Square();
  RunTrials(space, 8, Bowl);
  const std::vector<Suggestion> batch = Ask(space, 4);
  for (const Suggestion& expected : batch) {
    const Suggestion next = Ask(space, 1)[0];
    EXPECT_EQ(next.parameters, expected.parameters);
    observations_.push_back({Next(), next.parameters, Observation::Kind::kPending, 0});
  }
}

TEST_F(BayesianSearcherTest, PendingTrialsDoNotCluster) {
  const SearchSpace space = Square();
  RunTrials(space, 6, [](const Assignment& a) { return std::sin(9 * Number(a, "x")) * std::cos(7 * Number(a, "y")); });
  const std::vector<Suggestion> batch = Ask(space, 20);
  ASSERT_EQ(batch.size(), 20);
  double nearest = 1;
  for (size_t i = 0; i < batch.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      nearest = std::min(nearest, std::hypot(Number(batch[i].parameters, "x") - Number(batch[j].parameters, "x"),
                                             Number(batch[i].parameters, "y") - Number(batch[j].parameters, "y")));
    }
  }
  EXPECT_GT(nearest, 0.02);
}

TEST_F(BayesianSearcherTest, ManyWorkersBeforeTheFirstResult) {
  const SearchSpace space = Square();
  for (int i = 0; i < 100; ++i) {
    const Suggestion suggestion = Ask(space, 1)[0];
    EXPECT_EQ(suggestion.provenance.source, "initial");
    observations_.push_back({Next(), suggestion.parameters, Observation::Kind::kPending, 0});
  }
  for (int i = 0; i < 3; ++i) {
    observations_[i].kind = Observation::Kind::kMeasured;
    observations_[i].value = i;
  }
  EXPECT_EQ(Ask(space, 1)[0].provenance.source, "log_ei");
}

// The objective falls towards x = 1, and 30 % of the space there fails.
TEST_F(BayesianSearcherTest, LeavesARegionWhereTrialsFail) {
  const SearchSpace space = Square();
  int failures = 0;
  RunTrials(space, 80, [&](const Assignment& a) -> std::optional<double> {
    if (Number(a, "x") > 0.7) {
      ++failures;
      return std::nullopt;
    }
    return 1 - Number(a, "x") + std::pow(Number(a, "y") - 0.6, 2);
  });
  EXPECT_LE(failures, 20);
  EXPECT_LT(Best() - 0.3, 0.01);
}

TEST_F(BayesianSearcherTest, AllTrialsFail) {
  const SearchSpace space = Square();
  const std::vector<std::string> sources = RunTrials(space, 20, [](const Assignment&) { return std::nullopt; });
  EXPECT_EQ(sources, std::vector<std::string>(20, "initial"));
}

TEST_F(BayesianSearcherTest, ConstantObjective) {
  const SearchSpace space = Square();
  EXPECT_EQ(RunTrials(space, 20, [](const Assignment&) { return 3.0; }), std::vector<std::string>(20, "initial"));
}

TEST_F(BayesianSearcherTest, HugeAndTinyValues) {
  const SearchSpace space = Square();
  RunTrials(space, 25, [](const Assignment& a) {
    const double x = Number(a, "x");
    return x > 0.8 ? std::numeric_limits<double>::max() : x < 0.1 ? 1e300 : 1e-300 * Bowl(a);
  });
  EXPECT_LT(Best(), 1e-302);
}

TEST_F(BayesianSearcherTest, PlateausAndAStep) {
  const SearchSpace space = Square();
  RunTrials(space, 30, [](const Assignment& a) { return Number(a, "x") > 0.9 ? 0.0 : 1.0; });
  EXPECT_EQ(Best(), 0);
}

TEST_F(BayesianSearcherTest, OneMeasuredTrialIsNotEnoughToModel) {
  const SearchSpace space = Square();
  RunTrials(space, 1, Bowl);
  for (int i = 0; i < 6; ++i)
    observations_.push_back({Next(), Ask(space, 1)[0].parameters, Observation::Kind::kPending, 0});
  EXPECT_EQ(Ask(space, 1)[0].provenance.source, "initial");
}

TEST_F(BayesianSearcherTest, ImportedTrialsAtOnePoint) {
  const SearchSpace space = Square();
  for (int i = 0; i < 8; ++i) Tell({{"x", 0.5}, {"y", 0.5}}, i);
  const Suggestion suggestion = Ask(space, 1)[0];
  EXPECT_EQ(suggestion.provenance.source, "log_ei");
}

TEST_F(BayesianSearcherTest, HundredParameters) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 100; ++i) parameters.push_back(Double("p" + std::to_string(i), -1, 1));
  const SearchSpace space = MakeSpace(std::move(parameters));
  RunTrials(space, 30, [](const Assignment& a) {
    double sum = 0;
    for (const auto& [name, value] : a) sum += std::pow(std::get<double>(value) - 0.2, 2);
    return sum;
  });
  EXPECT_LT(Best(), 100 * 0.04) << "better than the centre";
}

TEST_F(BayesianSearcherTest, UsesUpAFiniteSpace) {
  const SearchSpace space = MakeSpace({Categorical("optimizer", {"sgd", "adam", "lion"}), Integer("layers", 1, 4),
                                       When(Bool("nesterov"), "optimizer", {std::string("sgd")})});
  const std::vector<std::string> sources = RunTrials(space, 30, [](const Assignment& a) {
    return static_cast<double>(std::get<int64_t>(a.at("layers"))) + (a.contains("nesterov") ? 0.5 : 0);
  });
  EXPECT_EQ(sources.size(), 16);
  EXPECT_TRUE(Ask(space, 1).empty());
}

// More assignments than are looked at one by one, nearly all of them used.
TEST_F(BayesianSearcherTest, FallsBackWhenEveryCandidateIsTaken) {
  const SearchSpace space = MakeSpace({Integer("layers", 1, 800)});
  for (int64_t i = 1; i <= 799; ++i) Tell({{"layers", i}}, std::cos(static_cast<double>(i) / 50));
  const std::vector<Suggestion> suggestions = Ask(space, 2);
  ASSERT_EQ(suggestions.size(), 1) << "one was left";
  EXPECT_EQ(suggestions[0].parameters.at("layers"), ParameterValue(int64_t{800}));
}

TEST_F(BayesianSearcherTest, FindsTheBestOfAMixedConditionalSpace) {
  const SearchSpace space = SpaceOfAllKinds();
  RunTrials(space, 60, [](const Assignment& a) {
    const bool is_adam = a.at("optimizer") == ParameterValue(std::string("adam"));
    const double rate = std::log10(Number(a, "learning_rate")) + (is_adam ? 3 : 2);
    return rate * rate + std::abs(static_cast<double>(std::get<int64_t>(a.at("layers"))) - 4) + (is_adam ? 0 : 3) +
           Number(a, "dropout");
  });
  EXPECT_LT(Best(), 0.05);
}

TEST_F(BayesianSearcherTest, ThousandsOfTrialsAreCutToABoundedModel) {
  const SearchSpace space = Square();
  RandomStream random(1, 1, RandomPurpose::kRandomSearch);
  for (int i = 0; i < 3000; ++i) {
    const Assignment a = {{"x", random.Uniform()}, {"y", random.Uniform()}};
    if (i % 10 == 0) {
      Tell(a, std::nullopt);
    } else {
      Tell(a, Bowl(a));
    }
  }
  const Suggestion suggestion = Ask(space, 1)[0];
  EXPECT_EQ(suggestion.provenance.source, "log_ei");
}

TEST(SearcherFactoryTest, MakesWhatTheStrategyAsksFor) {
  const SearchSpace space = Square();
  for (const auto& [algorithm, source] :
       {std::pair{Algorithm::kRandom, "random"}, {Algorithm::kSobol, "sobol"}, {Algorithm::kBayesian, "initial"}}) {
    TuningJobSpec spec;
    spec.strategy.algorithm = algorithm;
    const auto suggestions = MakeSearcher(spec)->Suggest({space, Goal::kMinimize, 1, 1, {}}, 1);
    EXPECT_EQ((*suggestions)[0].provenance.source, source);
  }
}

}  // namespace
}  // namespace pegbox
