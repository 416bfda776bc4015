// How a watched job looks: its progress in, lines out. No I/O, no clock.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/job_progress.h"

namespace pegbox::cli {

struct ViewOptions {
  size_t width = 100;      // columns, at most
  size_t height = 24;      // lines, at most; 8 or more
  bool use_color = false;  // escape sequences that set colours
  std::string notice;      // such as that the server is away; empty for none
};

// What is redrawn in place on a terminal. No lines before the job is known.
std::vector<std::string> LiveLines(const JobProgress& progress, const ViewOptions& options, absl::Time now);

// What is printed once for each event where lines stay: trials that ended, and a new best.
std::vector<std::string> EventLines(const JobProgress& progress, const JobProgress::Changes& changes);

// What is said when the job has ended. `program` is how to call the CLI on the same server: "pegbox --data DIR".
std::vector<std::string> SummaryLines(const JobProgress& progress, absl::string_view program);

}  // namespace pegbox::cli
