#include "server/search/gp/searcher_factory.h"

#include "server/search/gp/bayesian_searcher.h"
#include "server/search/random_searcher.h"
#include "server/search/sobol_searcher.h"

namespace pegbox {

std::unique_ptr<Searcher> MakeSearcher(const TuningJobSpec& spec) {
  switch (spec.strategy.algorithm) {
    case Algorithm::kRandom:
      return std::make_unique<RandomSearcher>();
    case Algorithm::kSobol:
      return std::make_unique<SobolSearcher>();
    case Algorithm::kBayesian:
      break;
  }
  return std::make_unique<BayesianSearcher>();
}

}  // namespace pegbox
