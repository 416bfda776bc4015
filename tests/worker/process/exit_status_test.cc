#include "worker/process/exit_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <vector>

namespace pegbox::worker {
namespace {

using ::testing::HasSubstr;

constexpr ExitStatus Exited(int code) { return {.is_signaled = false, .code = code}; }
constexpr ExitStatus Signaled(int signal) { return {.is_signaled = true, .code = signal}; }

TEST(ExitStatusTest, DescriptionsNameTheSignal) {
  EXPECT_EQ(DescribeExit(Exited(0)), "exit code 0");
  EXPECT_EQ(DescribeExit(Exited(3)), "exit code 3");
  EXPECT_EQ(DescribeExit(Exited(139)), "exit code 139 (a shell's word for signal 11 (SIGSEGV))");
  EXPECT_EQ(DescribeExit(Exited(255)), "exit code 255");
  EXPECT_EQ(DescribeExit(Signaled(SIGKILL)), "signal 9 (SIGKILL)");
  EXPECT_EQ(DescribeExit(Signaled(64)), "signal 64");
}

TEST(ExitStatusTest, EndsAreClassifiedByTheirEvidence) {
  struct Case {
    ProcessEnd end;
    const char* tail;
    ExitKind kind;
    const char* reason;
  };
  const ProcessEnd killed_while_memory_ran_out = {.status = Signaled(SIGKILL), .had_kernel_oom_kill = true};
  const std::vector<Case> cases = {
      {{.status = Exited(0)}, "", ExitKind::kSuccess, "exit code 0"},
      {{.status = Exited(0)}, "caught: CUDA out of memory", ExitKind::kSuccess, "exit code 0"},
      {{.status = Exited(0), .had_kernel_oom_kill = true}, "", ExitKind::kSuccess, "exit code 0"},
      {{.status = Exited(1)}, "", ExitKind::kExitCode, "exit code 1"},
      {{.status = Exited(1), .had_kernel_oom_kill = true}, "", ExitKind::kExitCode, "exit code 1"},
      {{.status = Signaled(SIGSEGV)}, "", ExitKind::kSignal, "SIGSEGV"},
      {{.status = Signaled(SIGKILL)}, "", ExitKind::kSignal, "SIGKILL"},
      {{.status = Exited(137)}, "", ExitKind::kExitCode, "SIGKILL"},
      {killed_while_memory_ran_out, "", ExitKind::kOutOfMemory, "out-of-memory killer"},
      {{.status = Exited(137), .had_kernel_oom_kill = true}, "", ExitKind::kOutOfMemory, "out-of-memory killer"},
      {{.status = Signaled(SIGKILL), .stop_cause = StopCause::kKilled, .had_kernel_oom_kill = true},
       "",
       ExitKind::kSignal,
       "SIGKILL"},
      {{.status = Signaled(SIGTERM), .had_kernel_oom_kill = true}, "", ExitKind::kSignal, "SIGTERM"},
      {{.status = Exited(1)},
       "RuntimeError: CUDA out of memory. Tried to allocate 2.00 GiB",
       ExitKind::kOutOfMemory,
       "CUDA out of memory"},
      {{.status = Exited(1)}, "torch.cuda.OutOfMemoryError: HIP", ExitKind::kOutOfMemory, "OutOfMemoryError"},
      {{.status = Exited(1)}, "torch.OutOfMemoryError: CUDA error", ExitKind::kOutOfMemory, "OutOfMemoryError"},
      {{.status = Exited(1)}, "CUDA error: out of memory\nCUDA kernel errors", ExitKind::kOutOfMemory, "CUDA error"},
      {{.status = Exited(1)}, "cublasCreate: CUBLAS_STATUS_ALLOC_FAILED when", ExitKind::kOutOfMemory, "CUBLAS"},
      {{.status = Signaled(SIGABRT)}, "what():  std::bad_alloc\n", ExitKind::kOutOfMemory, "std::bad_alloc"},
      {{.status = Exited(1)}, "Traceback\nMemoryError", ExitKind::kOutOfMemory, "MemoryError"},
      {{.status = Exited(1)}, "numpy.core._exceptions.MemoryError: Unable", ExitKind::kOutOfMemory, "MemoryError"},
      {{.status = Exited(1)}, "class MyMemoryError; MemoryErrorHandler", ExitKind::kExitCode, "exit code 1"},
      {{.status = Exited(1)},
       "DefaultCPUAllocator: not enough memory: you tried to allocate 8000",
       ExitKind::kOutOfMemory,
       "not enough memory"},
      {{.status = Exited(1)},
       "XlaRuntimeError: RESOURCE_EXHAUSTED: OOM when allocating",
       ExitKind::kOutOfMemory,
       "OOM"},
      {{.status = Exited(1)}, "OSError: [Errno 12] Cannot allocate memory", ExitKind::kOutOfMemory, "Cannot allocate"},
  };
  for (const Case& c : cases) {
    const ExitClass classified = ClassifyExit(c.end, c.tail);
    EXPECT_EQ(classified.kind, c.kind) << c.tail << " " << classified.reason;
    EXPECT_THAT(classified.reason, HasSubstr(c.reason));
  }
}

}  // namespace
}  // namespace pegbox::worker
