#include "worker/agent/incarnation_file.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "tests/worker/agent/temporary_folder.h"
#include "worker/process/process_token.h"

namespace pegbox::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

constexpr absl::Duration kTimeout = absl::Seconds(10);

class IncarnationFileTest : public testing::Test {
 protected:
  std::string Path() const { return folder_.path() + "/incarnations.json"; }
  std::string Text() const {
    std::ifstream file(Path());
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  TemporaryFolder folder_;
};

TEST_F(IncarnationFileTest, FirstIncarnationHasNoneBeforeIt) {
  IncarnationFile file(Path());
  EXPECT_THAT(file.EndEarlier(kTimeout), IsEmpty());
  const auto name = file.Begin();
  ASSERT_TRUE(name.ok()) << name.status();
  EXPECT_THAT(*name, MatchesRegex("[a-z0-9-]{16,64}"));
}

TEST_F(IncarnationFileTest, EarlierOnesAreReturnedUntilTheyAreForgotten) {
  const std::string first = *IncarnationFile(Path()).Begin();
  IncarnationFile second_file(Path());
  EXPECT_THAT(second_file.EndEarlier(kTimeout), ElementsAre(first));
  const std::string second = *second_file.Begin();
  EXPECT_NE(first, second);
  IncarnationFile third_file(Path());
  EXPECT_THAT(third_file.EndEarlier(kTimeout), ElementsAre(first, second));
  third_file.Forget({first, second});
  EXPECT_THAT(IncarnationFile(Path()).EndEarlier(kTimeout), IsEmpty());
}

TEST_F(IncarnationFileTest, ProcessesLeftWithoutAGuardAreKilled) {
  const std::string token = NewProcessToken();
  IncarnationFile first(Path());
  const std::string name = *first.Begin();
  ASSERT_TRUE(first.AddToken(token).ok());
  std::string variable = absl::StrCat(kProcessTokenVariable, "=", token);
  std::string program = "sleep";
  std::string seconds = "300";
  char* argv[] = {program.data(), seconds.data(), nullptr};
  char* environment[] = {variable.data(), nullptr};
  pid_t pid = 0;
  ASSERT_EQ(posix_spawnp(&pid, "sleep", nullptr, nullptr, argv, environment), 0);
  EXPECT_THAT(IncarnationFile(Path()).EndEarlier(kTimeout), ElementsAre(name));
  kill(pid, SIGTERM);  // so that a survivor does not hold the test up
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST_F(IncarnationFileTest, MarksOfTrialsThatHaveEndedAreNotLookedFor) {
  const std::string token = NewProcessToken();
  IncarnationFile file(Path());
  ASSERT_TRUE(file.Begin().ok());
  ASSERT_TRUE(file.AddToken(token).ok());
  EXPECT_THAT(Text(), ::testing::HasSubstr(token));
  file.RemoveToken(token);
  EXPECT_THAT(Text(), ::testing::Not(::testing::HasSubstr(token)));
}

TEST_F(IncarnationFileTest, NoMoreThanTheServersLimitAreReturned) {
  for (int i = 0; i < 70; ++i) ASSERT_TRUE(IncarnationFile(Path()).Begin().ok());
  EXPECT_THAT(IncarnationFile(Path()).EndEarlier(kTimeout), SizeIs(64));
}

TEST_F(IncarnationFileTest, BrokenFileIsAnEmptyOne) {
  for (const char* text : {"", "{", "[]", R"({"incarnations": [{"name": 3}]})", R"({"incarnations": 1})"}) {
    std::ofstream(Path()) << text;
    IncarnationFile file(Path());
    EXPECT_THAT(file.EndEarlier(kTimeout), IsEmpty()) << text;
    EXPECT_TRUE(file.Begin().ok());
  }
}

TEST_F(IncarnationFileTest, FolderThatCannotBeWrittenIsAnError) {
  IncarnationFile file("/proc/no-such-folder/incarnations.json");
  EXPECT_FALSE(file.Begin().ok());
}

}  // namespace
}  // namespace pegbox::worker
