// What `pegbox` tells scripts.
#pragma once

#include "absl/status/status.h"

namespace pegbox::cli {

enum class ExitCode {
  kOk = 0,
  kJobFailed = 1,    // of watch and run: the job failed, or no trial of it has a value
  kUsage = 2,        // the command line, the job file or the request is wrong
  kNotFound = 3,     // no such job, trial or log
  kUnreachable = 4,  // no server answers
  kConflict = 5,     // the id is taken, or the state of the job or trial forbids it
  kError = 6,        // anything else: a full disk, a program that ended, a defect
  kInterrupted = 130,
};

inline constexpr char kExitCodeHelp[] =
    "Exit codes: 0 done; 1 the job failed or no trial has a value (watch, run); 2 wrong usage or bad input;\n"
    "3 not found; 4 no server answers; 5 the id is taken or the state forbids it; 6 any other error; 130 interrupted.";

// Of a status that is not OK.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace pegbox::cli
