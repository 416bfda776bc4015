#include "worker/process/exit_status.h"

#include <array>
#include <csignal>
#include <cstring>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace pegbox::worker {
namespace {

constexpr int kShellSignalBase = 128;  // a shell exits with 128 + n when its command died of signal n

constexpr std::array<const char*, 15> kOutOfMemoryWords = {
    "CUDA out of memory",
    "CUDA error: out of memory",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "cudaErrorMemoryAllocation",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "HIP out of memory",
    "OutOfMemoryError",
    "Out of memory while trying to allocate",
    "RESOURCE_EXHAUSTED: OOM",
    "ResourceExhaustedError",
    "not enough memory: you tried to allocate",
    "std::bad_alloc",
    "MemoryError",
    "Cannot allocate memory",
};

bool IsWordCharacter(char c) { return absl::ascii_isalnum(c) || c == '_'; }

// Whole words only: "MyMemoryErrorHandler" is no MemoryError.
bool HasWords(absl::string_view text, absl::string_view words) {
  for (size_t at = text.find(words); at != absl::string_view::npos; at = text.find(words, at + 1)) {
    const size_t end = at + words.size();
    const bool starts_inside = at > 0 && IsWordCharacter(text[at - 1]);
    const bool ends_inside = end < text.size() && IsWordCharacter(text[end]);
    if (!starts_inside && !ends_inside) return true;
  }
  return false;
}

std::string DescribeSignal(int signal) {
  const char* name = sigabbrev_np(signal);
  return name == nullptr ? absl::StrCat("signal ", signal) : absl::StrCat("signal ", signal, " (SIG", name, ")");
}

bool IsSigkill(const ExitStatus& status) {
  return status.is_signaled ? status.code == SIGKILL : status.code == kShellSignalBase + SIGKILL;
}

}  // namespace

std::string DescribeExit(const ExitStatus& status) {
  if (status.is_signaled) return DescribeSignal(status.code);
  std::string text = absl::StrCat("exit code ", status.code);
  const int signal = status.code - kShellSignalBase;
  if (signal > 0 && sigabbrev_np(signal) != nullptr) {
    absl::StrAppend(&text, " (a shell's word for ", DescribeSignal(signal), ")");
  }
  return text;
}

ExitClass ClassifyExit(const ProcessEnd& end, absl::string_view log_tail) {
  const std::string description = DescribeExit(end.status);
  if (end.status == ExitStatus{}) return {ExitKind::kSuccess, description};
  if (end.had_kernel_oom_kill && end.stop_cause == StopCause::kNone && IsSigkill(end.status)) {
    return {ExitKind::kOutOfMemory,
            absl::StrCat(description,
                         "; the kernel's out-of-memory killer was at work: the host's or the container's "
                         "memory is too small for this trial")};
  }
  for (const char* words : kOutOfMemoryWords) {
    if (!HasWords(log_tail, words)) continue;
    return {ExitKind::kOutOfMemory, absl::StrCat(description, "; its output says \"", words, "\"")};
  }
  return {end.status.is_signaled ? ExitKind::kSignal : ExitKind::kExitCode, description};
}

int64_t KernelOomKills() {
  std::ifstream counters("/proc/vmstat");
  std::string name;
  int64_t value = 0;
  while (counters >> name >> value) {
    if (name == "oom_kill") return value;
  }
  return 0;
}

}  // namespace pegbox::worker
