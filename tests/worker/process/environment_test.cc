#include "worker/process/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace pegbox::worker {
namespace {

using ::testing::HasSubstr;

TEST(EnvironmentTest, OnlyListedVariablesPass) {
  const char* const parent[] = {"PATH=/bin",
                                "HOME=/root",
                                "LC_TIME=C",
                                "CUDA_VISIBLE_DEVICES=0,1",
                                "NVIDIA_DRIVER_CAPABILITIES=all",
                                "OMP_NUM_THREADS=1",
                                "EMPTY_IS_NOT_LISTED=",
                                "TZ=",
                                "AWS_SECRET_ACCESS_KEY=x",
                                "PEGBOX_TOKEN=x",
                                "CUDA_SECRET=x",
                                "LD_PRELOAD=/evil.so",
                                "PATHOLOGICAL=x",
                                "=odd",
                                "odd",
                                nullptr};
  EXPECT_EQ(BaseEnvironment(parent), (Environment{{"PATH", "/bin"},
                                                  {"HOME", "/root"},
                                                  {"LC_TIME", "C"},
                                                  {"CUDA_VISIBLE_DEVICES", "0,1"},
                                                  {"NVIDIA_DRIVER_CAPABILITIES", "all"},
                                                  {"OMP_NUM_THREADS", "1"},
                                                  {"TZ", ""}}));
}

TEST(EnvironmentTest, NamedVariablesPassToo) {
  const char* const parent[] = {"WANDB_API_KEY=k=1", "OTHER=x", nullptr};
  EXPECT_EQ(BaseEnvironment(parent, {"WANDB_API_KEY", "ABSENT"}), (Environment{{"WANDB_API_KEY", "k=1"}}));
}

TEST(EnvironmentTest, BadEnvironmentsAreRejected) {
  EXPECT_TRUE(ValidateEnvironment({{"A", "x"}, {"b", ""}}).ok());
  Environment many;
  for (int i = 0; i < 1025; ++i) many[absl::StrCat("V", i)] = "x";
  const std::pair<Environment, std::string> cases[] = {
      {{{"", "x"}}, "environment: a name"},
      {{{"A=", "x"}}, "got \"A=\""},
      {{{std::string("A\0", 2), "x"}}, "neither = nor NUL"},
      {{{"A", std::string("x\0y", 3)}}, "environment[A]: must not contain NUL"},
      {{{"A", std::string(256 * 1024, 'x')}}, "at most 262144 bytes"},
      {many, "at most 1024 variables; got 1025"},
  };
  for (const auto& [environment, error] : cases) {
    const absl::Status status = ValidateEnvironment(environment);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(error));
  }
}

}  // namespace
}  // namespace pegbox::worker
