// From flags and environment to TrainingSettings. Reads no environment by itself, so that tests choose it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "worker/trainers/training_settings.h"

namespace pegbox::trainer {

// The value of an environment variable, if it is set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

inline constexpr int kUsageExitCode = 2;

// The program is to print this and end: help (code 0) or a mistake of the caller (kUsageExitCode).
struct CommandLineExit {
  int code = 0;
  std::string text;
};

std::variant<TrainingSettings, CommandLineExit> ParseCommandLine(int argc, const char* const* argv,
                                                                 const Environment& environment);

}  // namespace pegbox::trainer
