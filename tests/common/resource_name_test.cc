#include "common/resource_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace pegbox {
namespace {

using ::testing::StartsWith;

TEST(ResourceNameTest, NamesAreMadeOfIds) {
  EXPECT_EQ(TuningJobName("mnist"), "tuningJobs/mnist");
  EXPECT_EQ(TrialName({"mnist", 12}), "tuningJobs/mnist/trials/12");
  EXPECT_EQ(WorkerName("gpu-3"), "workers/gpu-3");
}

TEST(ResourceNameTest, ParsersReadBackWhatWasMade) {
  EXPECT_EQ(*ParseTuningJobName("name", TuningJobName("mnist")), "mnist");
  EXPECT_EQ(*ParseTrialName("name", TrialName({"mnist", 9'223'372'036'854'775'807})),
            (TrialId{"mnist", 9'223'372'036'854'775'807}));
  EXPECT_EQ(*ParseWorkerName("name", WorkerName("gpu-3")), "gpu-3");
}

TEST(ResourceNameTest, TrialIdsAreOrderedByJobThenNumber) {
  EXPECT_LT((TrialId{"a", 10}), (TrialId{"b", 1}));
  EXPECT_LT((TrialId{"a", 2}), (TrialId{"a", 10}));
}

TEST(ResourceNameTest, IdsUpToTheLimitsAreValid) {
  EXPECT_TRUE(ValidateResourceId("id", "a").ok());
  EXPECT_TRUE(ValidateResourceId("id", "0").ok());
  EXPECT_TRUE(ValidateResourceId("id", "a-").ok());
  EXPECT_TRUE(ValidateResourceId("id", std::string(63, 'z')).ok());
}

TEST(ResourceNameTest, IdsOfOtherFormsAreRejected) {
  for (const std::string& id :
       {std::string(), std::string("-a"), std::string("A"), std::string("a_b"), std::string("a b"), std::string("a/b"),
        std::string("a.b"), std::string("\xc3\xa4"), std::string("a\n"), std::string("a\0", 2), std::string(64, 'a')}) {
    SCOPED_TRACE(absl::CHexEscape(id));
    const absl::Status status = ValidateResourceId("tuning_job_id", id);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()),
                StartsWith("tuning_job_id: must be 1 to 63 lower-case letters, digits and hyphens"));
  }
}

TEST(ResourceNameTest, TrialNamesOfOtherFormsAreRejected) {
  for (const char* name : {"", "tuningJobs/a", "tuningJobs/a/trials", "tuningJobs/a/trials/", "tuningJobs/a/trials/0",
                           "tuningJobs/a/trials/-1", "tuningJobs/a/trials/01", "tuningJobs/a/trials/+1",
                           "tuningJobs/a/trials/1/", "tuningJobs/a/trials/ 1", "tuningJobs/a/trials/1.0",
                           "tuningJobs/a/trials/9223372036854775808", "tuningJobs//trials/1", "tuningJobs/A/trials/1",
                           "/tuningJobs/a/trials/1", "jobs/a/trials/1", "tuningJobs/a/runs/1"}) {
    SCOPED_TRACE(name);
    const absl::Status status = ParseTrialName("name", name).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), StartsWith("name: must "));
  }
}

TEST(ResourceNameTest, ErrorTellsTheFormAndWhatWasSeen) {
  const absl::Status status = ParseTuningJobName("parent", "workers/a").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), R"(parent: must have the form "tuningJobs/{job}"; got "workers/a")");
}

TEST(ResourceNameTest, ErrorEscapesControlCharacters) {
  EXPECT_EQ(ParseTuningJobName("parent", "a\n\x1b[1m").status().message(),
            R"(parent: must have the form "tuningJobs/{job}"; got "a\n\x1b[1m")");
}

TEST(ResourceNameTest, WorkerNameOfAnotherKindIsRejected) {
  EXPECT_EQ(ParseWorkerName("worker", "tuningJobs/a").status().message(),
            R"(worker: must have the form "workers/{worker}"; got "tuningJobs/a")");
  EXPECT_EQ(ParseWorkerName("worker", "workers/A").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ResourceNameTest, LongNamesAreCutInErrors) {
  EXPECT_LT(ParseWorkerName("worker", std::string(100'000, 'x')).status().message().size(), 400u);
}

}  // namespace
}  // namespace pegbox
