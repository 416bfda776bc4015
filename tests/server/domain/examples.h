// A valid search space and specification to start tests from.
#pragma once

#include <utility>
#include <vector>

#include "server/domain/search_space.h"
#include "server/domain/tuning_job.h"

namespace pegbox {

inline std::vector<Parameter> ExampleParameters() {
  return {{.name = "learning_rate", .domain = DoubleDomain{1e-5, 0.1, Scale::kLog}},
          {.name = "optimizer", .domain = CategoricalDomain{{"adam", "sgd"}}},
          {.name = "momentum",
           .domain = DoubleDomain{0.5, 0.99},
           .condition = Condition{.parent = "optimizer", .values = {std::string("sgd")}}},
          {.name = "batch_size", .domain = DiscreteDomain{{32, 64, 128}}}};
}

inline TuningJobSpec ExampleSpec() {
  return {.display_name = "Fashion-MNIST",
          .objective = {.metric = "validation:loss"},
          .search_space = SearchSpace::Create(ExampleParameters()).value(),
          .max_jobs = 20,
          .max_parallel_jobs = 2,
          .trial = TrialTemplate{.command = {"train", "--learning-rate={learning_rate}"}}};
}

}  // namespace pegbox
