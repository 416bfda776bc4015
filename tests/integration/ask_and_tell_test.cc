// The example of docs/ask-and-tell.md, as it stands there: its job file, its program, a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/cluster.h"

namespace pegbox::test {
namespace {

using testing::HasSubstr;

// What stands between "```language" and "```" in a page.
std::string Block(const std::string& page, const std::string& language) {
  const std::string opening = absl::StrCat("```", language, "\n");
  const size_t begin = page.find(opening);
  if (begin == std::string::npos) return absl::StrCat("no block of ", language);
  const size_t end = page.find("```", begin + opening.size());
  return page.substr(begin + opening.size(), end - begin - opening.size());
}

TEST(AskAndTellTest, TheExampleOfTheDocsRuns) {
  const std::string page = ReadFile(PEGBOX_SOURCE_DIR "/docs/ask-and-tell.md");
  EXPECT_THAT(ReadFile(PEGBOX_SOURCE_DIR "/client/cpp/ask_and_tell_example.cc"), HasSubstr(Block(page, "cpp")));

  Cluster cluster;
  cluster.StartServer();
  const std::string job_file = absl::StrCat(cluster.folder(), "/job.yaml");
  std::ofstream(job_file) << Block(page, "yaml");
  const CommandResult submitted = cluster.Pegbox({"submit", job_file, "--id", "demo"});
  EXPECT_EQ(submitted.exit_code, 0) << submitted.err;
  EXPECT_THAT(submitted.err, HasSubstr("SuggestTrials"));
  Program example({.command = {PEGBOX_EXAMPLE_PATH, cluster.address(), "demo"},
                   .output_path = absl::StrCat(cluster.folder(), "/example")});
  ASSERT_EQ(example.WaitFor(absl::Minutes(1)), (Program::End{.exit_code = 0})) << example.Output();

  const v1::TuningJob job = cluster.WaitForEnd("demo", absl::Seconds(10));
  EXPECT_EQ(job.end_reason(), v1::TuningJob::MAX_JOBS);
  EXPECT_EQ(job.trial_counts().completed(), 40);
  const CommandResult best = cluster.Pegbox({"best", "demo"});
  EXPECT_THAT(best.out, HasSubstr("loss 0.1 at epoch 1")) << "the best learning rate";
  EXPECT_THAT(best.out, HasSubstr("recommended the same"));
  const CommandResult trial = cluster.Pegbox({"trial", "demo/40"});
  EXPECT_THAT(trial.out, HasSubstr(" after 39 ended trials, acquisition value ")) << trial.err;
}

}  // namespace
}  // namespace pegbox::test
