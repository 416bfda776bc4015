// What must hold of every job, whatever happened to the programs meanwhile: the server's rows against the trainers' own
// record.
#pragma once

#include <cstdint>
#include <string>

#include "tests/support/cluster.h"

namespace pegbox::test {

// The server has each report in the record once, under its trial, attempt and step, with the value that the trainer
// wrote down, and nothing else. Of an attempt that was killed it may lack the last reports, but none in between.
void ExpectEachReportOnce(Cluster& cluster, const std::string& job_id);

// Trials 1 to `trials` were each run by one process, as attempt 1, and no other was.
void ExpectEachTrialRunOnce(Cluster& cluster, const std::string& job_id, int64_t trials);

// No two attempts of a trial were ever alive at once.
void ExpectNoOverlap(Cluster& cluster);

}  // namespace pegbox::test
