// Which processes of a test are alive, by the kernel's word.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pegbox::test {

// True while the process runs a program; false for one that only waits to be reaped.
bool IsAlive(pid_t pid);

// "pid: command line" of every process, but this one, that has `text` in its command line, its environment or its
// working directory.
std::vector<std::string> ProcessesWith(absl::string_view text);

}  // namespace pegbox::test
