#include "worker/agent/device_slots.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace pegbox::worker {
namespace {

constexpr size_t kMaxNameBytes = 128;

bool IsDevice(absl::string_view entry) {
  const bool is_number = !entry.empty() && std::all_of(entry.begin(), entry.end(), absl::ascii_isdigit);
  return is_number || absl::StartsWith(entry, "GPU-") || absl::StartsWith(entry, "MIG-");
}

DeviceSlot GpuSlot(const std::vector<std::string>& gpus) {
  const std::string list = absl::StrJoin(gpus, ",");
  return {.name = absl::StrCat("gpu:", list).substr(0, kMaxNameBytes), .cuda_visible_devices = list};
}

}  // namespace

std::vector<std::string> ParseVisibleDevices(absl::string_view value) {
  std::vector<std::string> devices;
  for (absl::string_view entry : absl::StrSplit(value, ',')) {
    entry = absl::StripAsciiWhitespace(entry);
    if (!IsDevice(entry)) break;
    devices.emplace_back(entry);
  }
  return devices;
}

std::vector<std::string> ListGpus(const std::string& device_folder) {
  std::set<int64_t> numbers;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(device_folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    absl::string_view digits = name;
    int64_t number = 0;
    if (!absl::ConsumePrefix(&digits, "nvidia")) continue;
    const bool is_number = !digits.empty() && std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit);
    if (is_number && absl::SimpleAtoi(digits, &number)) numbers.insert(number);
  }
  std::vector<std::string> gpus;
  for (const int64_t number : numbers) gpus.push_back(absl::StrCat(number));
  return gpus;
}

std::vector<DeviceSlot> MakeSlots(const std::vector<std::string>& gpus, std::optional<int> slot_count) {
  std::vector<DeviceSlot> slots;
  const size_t count = static_cast<size_t>(slot_count.value_or(std::max<int>(1, static_cast<int>(gpus.size()))));
  for (size_t i = 0; i < count; ++i) {
    if (gpus.empty()) {
      slots.push_back({.name = absl::StrCat("cpu:", i), .cuda_visible_devices = std::nullopt});
    } else if (count >= gpus.size()) {
      slots.push_back(GpuSlot({gpus[i % gpus.size()]}));
    } else {
      const auto begin = static_cast<std::ptrdiff_t>(i * gpus.size() / count);
      const auto end = static_cast<std::ptrdiff_t>((i + 1) * gpus.size() / count);
      slots.push_back(GpuSlot({gpus.begin() + begin, gpus.begin() + end}));
    }
  }
  return slots;
}

}  // namespace pegbox::worker
