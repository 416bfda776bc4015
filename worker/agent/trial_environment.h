// The environment of a trial's processes. Pure.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "worker/agent/assignment.h"
#include "worker/agent/device_slots.h"
#include "worker/process/environment.h"

namespace pegbox::worker {

// What one attempt's environment is made of besides the assignment.
struct TrialSurroundings {
  Environment base;  // of every trial: BaseEnvironment
  DeviceSlot slot;
  std::string checkpoint_folder;
  std::string socket_path;
};

// base, then the template's variables, then those of Pegbox:
//   PEGBOX_PARAMS            the parameters as one JSON object
//   PEGBOX_PARAM_<NAME>      each as text; of two names that become the same the later one, in the order of names, wins
//   PEGBOX_TRIAL             tuningJobs/{job}/trials/{number}
//   PEGBOX_ATTEMPT           from 1; above 1: look for a checkpoint
//   PEGBOX_SEED              the same in every attempt
//   PEGBOX_CHECKPOINT_DIR    the same in every attempt on this worker
//   PEGBOX_SOCKET            reports up, directives down
//   CUDA_VISIBLE_DEVICES     of the slot, where it has a device
//   OMP_NUM_THREADS          1 where the slot is a share of the CPU, unless base or template say otherwise
Environment MakeTrialEnvironment(const Assignment& assignment, const TrialSurroundings& surroundings);

// PEGBOX_PARAM_ and the name in capitals; what is not a letter, a digit or _ becomes _.
std::string ParameterVariable(absl::string_view parameter_name);

}  // namespace pegbox::worker
