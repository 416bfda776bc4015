#include "worker/agent/trial_environment.h"

#include <gmock/gmock.h>

namespace pegbox::worker {
namespace {

using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

Assignment SmallAssignment() {
  Assignment assignment;
  assignment.id = {.trial = {.job_id = "job", .number = 4}, .number = 2};
  assignment.parameters = {{"learning.rate", 0.5}, {"batch-size", int64_t{8}}};
  assignment.environment = {{"MINE", "template"}};
  assignment.seed = 18446744073709551615u;
  return assignment;
}

TrialSurroundings CpuSurroundings() {
  return {.base = {{"PATH", "/bin"}, {"MINE", "base"}},
          .slot = {.name = "cpu:0", .cuda_visible_devices = std::nullopt},
          .checkpoint_folder = "/data/checkpoints/job/4",
          .socket_path = "/data/sockets/0"};
}

TEST(TrialEnvironmentTest, HoldsAllThatATrialIsPromised) {
  const Environment environment = MakeTrialEnvironment(SmallAssignment(), CpuSurroundings());
  const Environment expected = {{"PATH", "/bin"},
                                {"MINE", "template"},
                                {"PEGBOX_PARAMS", R"({"batch-size":8,"learning.rate":0.5})"},
                                {"PEGBOX_PARAM_LEARNING_RATE", "0.5"},
                                {"PEGBOX_PARAM_BATCH_SIZE", "8"},
                                {"PEGBOX_TRIAL", "tuningJobs/job/trials/4"},
                                {"PEGBOX_ATTEMPT", "2"},
                                {"PEGBOX_SEED", "18446744073709551615"},
                                {"PEGBOX_CHECKPOINT_DIR", "/data/checkpoints/job/4"},
                                {"PEGBOX_SOCKET", "/data/sockets/0"},
                                {"OMP_NUM_THREADS", "1"}};
  EXPECT_EQ(environment, expected);
}

TEST(TrialEnvironmentTest, ThreadsOfACpuSlotAreTheUsersToChoose) {
  Assignment assignment = SmallAssignment();
  assignment.environment["OMP_NUM_THREADS"] = "4";
  EXPECT_THAT(MakeTrialEnvironment(assignment, CpuSurroundings()), Contains(Pair("OMP_NUM_THREADS", "4")));
  TrialSurroundings surroundings = CpuSurroundings();
  surroundings.base["OMP_NUM_THREADS"] = "2";
  EXPECT_THAT(MakeTrialEnvironment(SmallAssignment(), surroundings), Contains(Pair("OMP_NUM_THREADS", "2")));
}

TEST(TrialEnvironmentTest, GpuSlotShowsItsDeviceAndLeavesThreadsAlone) {
  TrialSurroundings surroundings = CpuSurroundings();
  surroundings.base["CUDA_VISIBLE_DEVICES"] = "2,3";
  surroundings.slot = {.name = "gpu:3", .cuda_visible_devices = "3"};
  const Environment environment = MakeTrialEnvironment(SmallAssignment(), surroundings);
  EXPECT_THAT(environment, Contains(Pair("CUDA_VISIBLE_DEVICES", "3")));
  EXPECT_THAT(environment, Not(Contains(Key("OMP_NUM_THREADS"))));
}

TEST(TrialEnvironmentTest, ParameterNamesBecomeVariableNames) {
  EXPECT_EQ(ParameterVariable("learning_rate"), "PEGBOX_PARAM_LEARNING_RATE");
  EXPECT_EQ(ParameterVariable("a.b-C9"), "PEGBOX_PARAM_A_B_C9");
}

}  // namespace
}  // namespace pegbox::worker
