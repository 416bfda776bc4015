// A worker: an agent on a host that offers slots and runs trials as child processes.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"

namespace pegbox {

struct Worker {
  std::string id;
  std::string incarnation;  // new with each start; only the newest may act
  std::string host_name;
  std::vector<std::string> device_names;  // one a slot
  std::string version;
  absl::Time register_time;
  bool has_left = false;  // said good-bye
  friend bool operator==(const Worker&, const Worker&) = default;
};

}  // namespace pegbox
