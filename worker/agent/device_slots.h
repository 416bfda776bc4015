// A worker's slots and the devices that each may use. The decision is pure; only ListGpus looks at the machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace pegbox::worker {

inline constexpr int kMaxSlots = 1024;

struct DeviceSlot {
  std::string name;  // for people: "gpu:0", "gpu:0,1", "cpu:3"
  // CUDA_VISIBLE_DEVICES of its trials, in the words of the worker's own environment; absent: a share of the CPU.
  std::optional<std::string> cuda_visible_devices;

  friend bool operator==(const DeviceSlot&, const DeviceSlot&) = default;
};

// What is visible to CUDA under this value of CUDA_VISIBLE_DEVICES: as CUDA reads it, the list ends at the first entry
// that is neither a number nor a UUID (GPU-..., MIG-...).
std::vector<std::string> ParseVisibleDevices(absl::string_view value);

// The numbers N for which `device_folder`/nvidiaN exists, ascending.
std::vector<std::string> ListGpus(const std::string& device_folder = "/dev");

// One slot a GPU, or one CPU slot where there is none. With `slot_count` (1 to kMaxSlots) GPUs: so many slots, which
// share the GPUs out evenly: several GPUs a slot, or several slots a GPU. Without GPUs: so many CPU slots.
std::vector<DeviceSlot> MakeSlots(const std::vector<std::string>& gpus, std::optional<int> slot_count);

}  // namespace pegbox::worker
