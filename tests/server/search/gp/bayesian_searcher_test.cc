#include "server/search/gp/bayesian_searcher.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "gtest/gtest.h"
#include "server/search/gp/searcher_factory.h"
#include "server/search/random_searcher.h"
#include "server/search/random_stream.h"
#include "tests/server/search/search_spaces.h"

namespace pegbox {
namespace {

using Evaluate = std::function<std::optional<double>(const Assignment&)>;  // nothing: the trial fails

double Number(const Assignment& assignment, const std::string& name) { return std::get<double>(assignment.at(name)); }

// Runs trials one after the other, and holds what the search may never break.
class BayesianSearcherTest : public ::testing::Test {
 protected:
  // As the engine does it: the last fit goes in, long fits are made before.
  std::vector<Suggestion> Ask(const SearchSpace& space, int count, uint64_t seed = 1) {
    SearchSnapshot snapshot{space, goal_, seed, Next(), observations_, last_fit_ ? &*last_fit_ : nullptr};
    if (searcher_.IsFitDue(snapshot)) {
      last_fit_ = searcher_.Fit(snapshot).value();
      snapshot.last_fit = &*last_fit_;
    }
    auto suggestions = searcher_.Suggest(snapshot, count);
    EXPECT_TRUE(suggestions.ok()) << suggestions.status();
    for (const Suggestion& suggestion : *suggestions) {
      if (suggestion.provenance.fit) last_fit_ = suggestion.provenance.fit;
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
      fits_before_.push_back(last_fit_);
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
  std::optional<SurrogateFit> last_fit_;
  std::vector<std::optional<SurrogateFit>> fits_before_;  // each of RunTrials' suggestions
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
  EXPECT_EQ(provenance.outcomes, 20);
  ASSERT_TRUE(provenance.fit.has_value());
  EXPECT_EQ(provenance.fit->outcomes, 20);
  EXPECT_EQ(provenance.fit->evaluations, provenance.fit_evaluations);
  EXPECT_LT(provenance.incumbent.value(), 0);
}

TEST_F(BayesianSearcherTest, KeepsItsFitUntilAnotherIsDue) {
  const SearchSpace space = Square();
  RunTrials(space, 63, Bowl);
  EXPECT_EQ(fits_before_[5], std::nullopt);
  for (int64_t asked = 6; asked < 63; ++asked) {  // trials that had ended before the suggestion
    EXPECT_EQ(fits_before_[asked]->outcomes, asked <= 50 ? asked - 1 : asked / 5 * 5 - 1) << asked;
  }
  EXPECT_FALSE(Ask(space, 3)[1].provenance.fit_evaluations > 0) << "spent once a batch";
}

TEST_F(BayesianSearcherTest, LongFitsAreLeftToTheBackground) {
  const SearchSpace space = Square();
  RandomStream random(1, 1, RandomPurpose::kRandomSearch);
  const auto tell = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const Assignment a = {{"x", random.Uniform()}, {"y", random.Uniform()}};
      Tell(a, Bowl(a));
    }
  };
  tell(200);
  const auto snapshot = [&] {
    return SearchSnapshot{space, goal_, 1, Next(), observations_, last_fit_ ? &*last_fit_ : nullptr};
  };
  EXPECT_FALSE(searcher_.IsFitDue(snapshot()));
  EXPECT_GT(searcher_.Suggest(snapshot(), 1).value()[0].provenance.fit_evaluations, 0);
  tell(1);
  EXPECT_TRUE(searcher_.IsFitDue(snapshot())) << "there is none";
  EXPECT_GT(searcher_.Suggest(snapshot(), 1).value()[0].provenance.fit_evaluations, 0) << "so a quick one stands in";
  last_fit_ = searcher_.Fit(snapshot()).value();
  EXPECT_EQ(last_fit_->outcomes, 201);
  EXPECT_EQ(searcher_.Fit(snapshot()).value().objective_theta.size(), 4);
  EXPECT_FALSE(searcher_.IsFitDue(snapshot()));
  tell(9);
  EXPECT_FALSE(searcher_.IsFitDue(snapshot()));
  tell(1);
  EXPECT_TRUE(searcher_.IsFitDue(snapshot()));
  const Suggestion frozen = searcher_.Suggest(snapshot(), 1).value()[0];
  EXPECT_EQ(frozen.provenance.fit_evaluations, 0);
  EXPECT_EQ(frozen.provenance.fit, last_fit_);
}

TEST_F(BayesianSearcherTest, AFitOfAnotherSpaceOrOfMoreTrialsIsNotUsed) {
  const SearchSpace space = Square();
  RunTrials(space, 10, Bowl);
  const SearchSnapshot snapshot{space, goal_, 1, Next(), observations_};
  const Suggestion expected = searcher_.Suggest(snapshot, 1).value()[0];
  for (SurrogateFit wrong : {SurrogateFit{{-1, 0, -6}, {}, 10, 1}, SurrogateFit{{-1, -1, 0, -6}, {}, 11, 1},
                             SurrogateFit{{-1, std::nan(""), 0, -6}, {}, 10, 1}}) {
    SearchSnapshot misled = snapshot;
    misled.last_fit = &wrong;
    EXPECT_EQ(searcher_.Suggest(misled, 1).value()[0].parameters, expected.parameters);
  }
}

TEST_F(BayesianSearcherTest, RecommendsTheBestByItsBeliefNotByLuck) {
  const SearchSpace space = Square();
  const auto recommend = [&](const std::vector<Observation>& observations) {
    return searcher_.Recommend({space, goal_, 1, Next(), observations});
  };
  EXPECT_EQ(recommend({}), std::nullopt);
  RunTrials(space, 25, Bowl);
  int64_t best_observed = 1;
  for (const Observation& observation : observations_) {
    if (observation.value < observations_[best_observed - 1].value) best_observed = observation.trial_number;
  }
  EXPECT_EQ(recommend(observations_), best_observed) << "without noise";

  observations_.clear();
  RandomStream random(3, 1, RandomPurpose::kRandomSearch);
  for (int i = 0; i < 60; ++i) {
    const Assignment a = {{"x", random.Uniform()}, {"y", random.Uniform()}};
    Tell(a, Bowl(a) + 0.1 * random.Normal());
  }
  Tell({{"x", 0.6}, {"y", 0.6}}, -0.3);  // better than any, by luck
  const int64_t lucky = Next() - 1;
  Tell({{"x", 0.3}, {"y", 0.8}}, 0.0);
  observations_.back().is_imputed = true;
  const std::optional<int64_t> recommended = recommend(observations_);
  ASSERT_TRUE(recommended.has_value());
  EXPECT_LT(Bowl(observations_[*recommended - 1].parameters), 0.1);
  EXPECT_NE(*recommended, lucky);
  EXPECT_NE(*recommended, Next() - 1) << "that trial was stopped early";
}

TEST(SpaceFillingSearcherTest, HasNothingToFitOrRecommend) {
  const SearchSpace space = Square();
  const std::vector<Observation> observations = {{1, {{"x", 0.5}, {"y", 0.5}}, Observation::Kind::kMeasured, 1}};
  const SearchSnapshot snapshot{space, Goal::kMinimize, 1, 2, observations};
  const RandomSearcher searcher;
  EXPECT_FALSE(searcher.IsFitDue(snapshot));
  EXPECT_TRUE(absl::IsFailedPrecondition(searcher.Fit(snapshot).status()));
  EXPECT_EQ(searcher.Recommend(snapshot), std::nullopt);
}

TEST_F(BayesianSearcherTest, FindsThatNoneIsBest) {
  const SearchSpace space = MakeSpace({ZeroOrLog("weight_decay", 1e-7, 1), Double("y", 0, 1)});
  RunTrials(space, 30, [](const Assignment& a) {
    const double decay = Number(a, "weight_decay");
    return (decay == 0 ? 0 : 1 + std::log10(decay) * 0.1) + std::pow(Number(a, "y") - 0.3, 2);
  });
  EXPECT_LT(Best(), 0.01);
  EXPECT_LT(std::count_if(observations_.begin(), observations_.end(),
                          [](const Observation& o) { return Number(o.parameters, "weight_decay") == 1e-7; }),
            5);
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
    const std::optional<SurrogateFit>& fit = known < fits_before_.size() ? fits_before_[known] : last_fit_;
    const SearchSnapshot snapshot{space, goal_, 1, static_cast<int64_t>(known) + 1, first, fit ? &*fit : nullptr};
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
  const std::vector<Suggestion> batch = Ask(space, 9);
  ASSERT_EQ(batch.size(), 9);
  double nearest = 1;
  for (size_t i = 0; i < batch.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      nearest = std::min(nearest, std::hypot(Number(batch[i].parameters, "x") - Number(batch[j].parameters, "x"),
                                             Number(batch[i].parameters, "y") - Number(batch[j].parameters, "y")));
    }
  }
  EXPECT_GT(nearest, 0.02);
}

TEST_F(BayesianSearcherTest, ManyPendingTrialsHaveTheirOwnAcquisition) {
  const SearchSpace space = MakeSpace({Double("x", 0, 1), Double("y", 0, 1), Categorical("c", {"a", "b"})});
  RunTrials(space, 8, Bowl);
  const std::vector<Suggestion> batch = Ask(space, 100);
  ASSERT_EQ(batch.size(), 100);
  std::set<Assignment> different;
  for (size_t i = 0; i < batch.size(); ++i) {
    different.insert(batch[i].parameters);
    EXPECT_EQ(batch[i].provenance.source, i > 8 ? "ucb" : "log_ei") << i;
  }
  EXPECT_EQ(different.size(), 100);
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
  EXPECT_EQ(Ask(space, 1)[0].provenance.source, "ucb");
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
  EXPECT_LT(Best(), 2e-302);
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

// Far more values than could be listed.
TEST_F(BayesianSearcherTest, HugeIntegerRanges) {
  const int64_t most = int64_t{1} << 53;
  const SearchSpace space = MakeSpace({Integer("linear", -most, most), Integer("log", 1, most, Scale::kLog)});
  RunTrials(space, 30, [](const Assignment& a) {
    const double linear = static_cast<double>(std::get<int64_t>(a.at("linear"))) * 0x1p-53;
    const double log = std::log2(static_cast<double>(std::get<int64_t>(a.at("log"))));
    return std::pow(linear - 0.6, 2) + std::pow(log - 40, 2) / 100;
  });
  EXPECT_LT(Best(), 1e-3);
}

TEST_F(BayesianSearcherTest, FindsTheBestThreeConditionsDeep) {
  const SearchSpace space = MakeSpace(
      {Categorical("model", {"linear", "net"}), When(Integer("layers", 1, 3), "model", {std::string("net")}),
       When(Bool("dropout"), "layers", {int64_t{2}, int64_t{3}}), When(Double("rate", 0, 1), "dropout", {true})});
  RunTrials(space, 40, [](const Assignment& a) {
    if (!a.contains("rate")) return a.contains("dropout") ? 1.0 : a.contains("layers") ? 1.5 : 2.0;
    return std::pow(Number(a, "rate") - 0.7, 2) + (std::get<int64_t>(a.at("layers")) == 2 ? 0.0 : 0.1);
  });
  EXPECT_LT(Best(), 1e-3);
}

// The smallest space that may be asked for.
TEST_F(BayesianSearcherTest, ASpaceOfTwoPoints) {
  const SearchSpace space = MakeSpace({Constant("epochs", int64_t{3}), Bool("augment")});
  EXPECT_EQ(RunTrials(space, 3, [](const Assignment&) { return 1.0; }).size(), 2);
  EXPECT_TRUE(Ask(space, 5).empty());
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
