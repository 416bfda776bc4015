// What a trial starts with, and the ways in which it cannot start.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <thread>

#include "absl/strings/escaping.h"
#include "tests/worker/process/process_fixture.h"
#include "worker/process/process_token.h"

namespace pegbox::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

using ChildStartTest = ProcessTest;

TEST_F(ChildStartTest, EnvironmentIsExactlyTheGivenOneAndTheToken) {
  ASSERT_EQ(setenv("PEGBOX_TEST_SECRET", "canary", 1), 0);
  ProcessSpec spec = Spec({"/usr/bin/env"});
  spec.environment = {{"A", "1"}, {"WITH_SPACE", "x y"}, {"EMPTY", ""}, {"EQUALS", "a=b"}};
  spec.token = NewProcessToken();
  const std::string token = spec.token;
  EXPECT_EQ(Run(std::move(spec)).status, ExitStatus{});
  EXPECT_THAT(lines_.lines(),
              UnorderedElementsAre("A=1", "WITH_SPACE=x y", "EMPTY=", "EQUALS=a=b", "PEGBOX_PROCESS_TOKEN=" + token));
}

TEST_F(ChildStartTest, ArgumentsArriveByteForByte) {
  std::string all_bytes;
  for (int c = 1; c < 256; ++c) all_bytes.push_back(static_cast<char>(c));
  const std::vector<std::string> arguments = {"`touch x`;$(touch y)\n", "",   " ",  "'\"\\",
                                              "{learning_rate}",        "-c", "--", all_bytes};
  std::vector<std::string> argv = {PROBE_PATH, "argv"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  EXPECT_EQ(Run(Spec(argv)).status, ExitStatus{});
  std::vector<std::string> received;
  for (const std::string& line : lines_.lines()) received.push_back(absl::HexStringToBytes(line));
  EXPECT_EQ(received, arguments);
}

TEST_F(ChildStartTest, OnlyTheThreeStandardDescriptorsAreOpen) {
  // Two that lack close-on-exec, as a careless library leaves them.
  const UniqueFd low(dup(0));
  const UniqueFd high(fcntl(0, F_DUPFD, 200));
  EXPECT_EQ(Run(Spec({PROBE_PATH, "descriptors"})).status, ExitStatus{});
  EXPECT_THAT(lines_.lines(), ElementsAre("0", "1", "2"));
}

TEST_F(ChildStartTest, LeadsItsOwnSessionWithDefaultSignalsAndNoNewPrivileges) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto old_handler = signal(SIGPIPE, SIG_IGN);  // as gRPC sets it
  EXPECT_EQ(Run(Spec({PROBE_PATH, "state"})).status, ExitStatus{});
  signal(SIGPIPE, old_handler);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_THAT(lines_.lines(), ElementsAre("leads_group 1", "leads_session 1", "core_limit 0", "stdin /dev/null",
                                          "SigBlk: 0000000000000000", "SigIgn: 0000000000000000", "NoNewPrivs: 1",
                                          "directory " + std::filesystem::canonical(folder_).string()));
}

TEST_F(ChildStartTest, ProgramIsLookedForInThePathOfTheTrial) {
  std::ofstream(Path("own_program")) << "#!/bin/sh\necho found\n";
  ASSERT_EQ(chmod(Path("own_program").c_str(), 0700), 0);
  ProcessSpec spec = Spec({"own_program"});
  spec.environment["PATH"] = absl::StrCat("/nonexistent:", folder_);
  EXPECT_EQ(Run(std::move(spec)).status, ExitStatus{});
  ProcessSpec relative = Spec({"./own_program"});
  EXPECT_EQ(Run(std::move(relative)).status, ExitStatus{});
  EXPECT_THAT(lines_.lines(), ElementsAre("found", "found"));
}

TEST_F(ChildStartTest, FailureToStartSaysWhatIsWrongAndLeavesNothing) {
  std::ofstream(Path("not_executable")) << "#!/bin/sh\n";
  const auto write_program = [&](const char* name, const char* text) {
    std::ofstream(Path(name)) << text;
    ASSERT_EQ(chmod(Path(name).c_str(), 0700), 0);
  };
  write_program("no_interpreter", "#!/nonexistent/interpreter\n");
  write_program("no_program", "neither a script nor a program\n");
  ASSERT_TRUE(std::filesystem::create_directory(Path("other")));
  struct Case {
    std::function<void(ProcessSpec&)> change;
    absl::StatusCode code;
    std::string error;
  };
  using absl::StatusCode;
  const std::vector<Case> cases = {
      {[](auto& s) { s.argv = {}; }, StatusCode::kInvalidArgument, "argv: must name a program"},
      {[](auto& s) { s.argv = {""}; }, StatusCode::kInvalidArgument, "argv: must name a program"},
      {[](auto& s) { s.argv.push_back(std::string("a\0b", 3)); }, StatusCode::kInvalidArgument, "must not contain NUL"},
      {[](auto& s) { s.argv.resize(257, "x"); }, StatusCode::kInvalidArgument, "argv: at most 256 arguments"},
      {[](auto& s) { s.argv.push_back(std::string(131072, 'x')); }, StatusCode::kInvalidArgument,
       "131072 bytes in all"},
      {[](auto& s) { s.argv = {"pegbox-no-such-program"}; }, StatusCode::kNotFound,
       "argv[0]: cannot run \"pegbox-no-such-program\" (no such program in PATH=/usr/local/bin:/usr/bin:/bin)"},
      {[](auto& s) { s.argv = {"/nonexistent/program"}; }, StatusCode::kNotFound, "No such file"},
      {[&](auto& s) { s.argv = {Path("not_executable")}; }, StatusCode::kPermissionDenied, "right to be executed"},
      {[&](auto& s) { s.argv = {Path("other")}; }, StatusCode::kPermissionDenied, "right to be executed"},
      {[&](auto& s) { s.argv = {Path("no_interpreter")}; }, StatusCode::kNotFound, "the interpreter that it names"},
      {[&](auto& s) { s.argv = {Path("no_program")}; }, StatusCode::kFailedPrecondition, "#!/bin/sh"},
      {[](auto& s) { s.working_directory = "here"; }, StatusCode::kInvalidArgument, "must be an absolute path"},
      {[](auto& s) { s.working_directory = ""; }, StatusCode::kInvalidArgument, "must be an absolute path"},
      {[](auto& s) { s.working_directory = "/nonexistent"; }, StatusCode::kNotFound,
       "working_directory: cannot enter /nonexistent: No such file"},
      {[&](auto& s) { s.working_directory = Path("no_program"); }, StatusCode::kNotFound, "Not a directory"},
      {[](auto& s) { s.environment[""] = "x"; }, StatusCode::kInvalidArgument, "environment: a name"},
      {[](auto& s) { s.environment["A=B"] = "x"; }, StatusCode::kInvalidArgument, "environment: a name"},
      {[](auto& s) { s.log_path = "/nonexistent/log"; }, StatusCode::kNotFound, "log_path: cannot open"},
      {[&](auto& s) { s.log_path = Path("other"); }, StatusCode::kFailedPrecondition, "Is a directory"},
      {[](auto& s) { s.log_limit_bytes = 4095; }, StatusCode::kInvalidArgument, "log_limit_bytes: must be at least"},
      {[](auto& s) { s.token = "short"; }, StatusCode::kInvalidArgument, "token: must be 32 hexadecimal digits"},
      {[](auto& s) { s.guard_path = "/nonexistent/guard"; }, StatusCode::kNotFound, "guard /nonexistent/guard"},
      {[](auto& s) { s.guard_path = "/bin/true"; }, StatusCode::kInternal, "ended before it said a word"},
  };
  for (const Case& c : cases) {
    ProcessSpec spec = Spec({"/bin/true"});
    c.change(spec);
    const auto process = ChildProcess::Start(spec, {});
    ASSERT_FALSE(process.ok()) << c.error;
    EXPECT_EQ(process.status().code(), c.code) << process.status();
    EXPECT_THAT(std::string(process.status().message()), HasSubstr(c.error));
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << c.error;
    EXPECT_EQ(errno, ECHILD);
  }
}

TEST_F(ChildStartTest, ManyShortTrialsFromSeveralThreadsLeaveNoZombieAndNoDescriptor) {
  const auto count_descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
  };
  const auto before = count_descriptors();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([this, thread] {
      for (int i = 0; i < 25; ++i) {
        ProcessSpec spec = Shell("exit 7");
        spec.log_path = Path(absl::StrCat("log", thread));
        const auto process = ChildProcess::Start(std::move(spec), {});
        ASSERT_TRUE(process.ok()) << process.status();
        const auto end = (*process)->Wait(kPatience);
        ASSERT_TRUE(end.has_value());
        EXPECT_EQ(end->status.code, 7);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
  EXPECT_EQ(count_descriptors(), before);
}

}  // namespace
}  // namespace pegbox::worker
