// The one header of this folder for others: a job's searcher.
#pragma once

#include <memory>

#include "server/domain/tuning_job.h"
#include "server/search/searcher.h"

namespace pegbox {

// By spec.strategy.algorithm.
std::unique_ptr<Searcher> MakeSearcher(const TuningJobSpec& spec);

}  // namespace pegbox
