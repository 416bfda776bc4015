#include "worker/agent/device_slots.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace pegbox::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

DeviceSlot Gpu(const std::string& list) { return {.name = "gpu:" + list, .cuda_visible_devices = list}; }
DeviceSlot Cpu(const std::string& number) { return {.name = "cpu:" + number, .cuda_visible_devices = std::nullopt}; }

TEST(DeviceSlotsTest, OneSlotForEachGpu) {
  EXPECT_THAT(MakeSlots({"2", "5"}, std::nullopt), ElementsAre(Gpu("2"), Gpu("5")));
}

TEST(DeviceSlotsTest, OneCpuSlotWithoutGpus) { EXPECT_THAT(MakeSlots({}, std::nullopt), ElementsAre(Cpu("0"))); }

TEST(DeviceSlotsTest, SlotCountOnTheCpu) { EXPECT_THAT(MakeSlots({}, 2), ElementsAre(Cpu("0"), Cpu("1"))); }

TEST(DeviceSlotsTest, MoreSlotsThanGpusShareThem) {
  EXPECT_THAT(MakeSlots({"0", "1"}, 3), ElementsAre(Gpu("0"), Gpu("1"), Gpu("0")));
}

TEST(DeviceSlotsTest, FewerSlotsThanGpusHaveSeveralEachAndNoneIsLeftOut) {
  EXPECT_THAT(MakeSlots({"0", "1", "2", "3"}, 2), ElementsAre(Gpu("0,1"), Gpu("2,3")));
  EXPECT_THAT(MakeSlots({"0", "1", "2"}, 2), ElementsAre(Gpu("0"), Gpu("1,2")));
}

TEST(DeviceSlotsTest, NamesKeepTheServersLimit) {
  const std::string uuid = "GPU-" + std::string(60, 'a');
  EXPECT_THAT(MakeSlots({uuid, uuid, uuid}, 1)[0].name, SizeIs(128));
}

TEST(DeviceSlotsTest, VisibleDevicesAreReadAsCudaReadsThem) {
  EXPECT_THAT(ParseVisibleDevices("2, 0"), ElementsAre("2", "0"));
  EXPECT_THAT(ParseVisibleDevices("GPU-12ab,MIG-34cd"), ElementsAre("GPU-12ab", "MIG-34cd"));
  EXPECT_THAT(ParseVisibleDevices("0,-1,1"), ElementsAre("0"));
  EXPECT_THAT(ParseVisibleDevices(""), IsEmpty());
  EXPECT_THAT(ParseVisibleDevices("NoDevFiles"), IsEmpty());
}

TEST(DeviceSlotsTest, GpusAreFoundByTheirDeviceFilesInNumericOrder) {
  std::string folder = (std::filesystem::temp_directory_path() / "device-slots-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  for (const char* name : {"nvidia10", "nvidia2", "nvidiactl", "nvidia-uvm", "nvidia", "null"}) {
    std::ofstream(folder + "/" + name) << "";
  }
  EXPECT_THAT(ListGpus(folder), ElementsAre("2", "10"));
  std::filesystem::remove_all(folder);
  EXPECT_THAT(ListGpus(folder), IsEmpty());
}

}  // namespace
}  // namespace pegbox::worker
