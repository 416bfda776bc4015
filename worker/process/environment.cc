#include "worker/process/environment.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace pegbox::worker {
namespace {

constexpr size_t kMaxVariables = 1024;
constexpr size_t kMaxEnvironmentBytes = 256 * 1024;

constexpr std::array<absl::string_view, 15> kAllowedNames = {
    "PATH",        "HOME",         "USER",          "LOGNAME",         "LANG",
    "LANGUAGE",    "TZ",           "TMPDIR",        "LD_LIBRARY_PATH", "PYTHONPATH",
    "VIRTUAL_ENV", "CONDA_PREFIX", "SSL_CERT_FILE", "SSL_CERT_DIR",    "LC_ALL"};
constexpr std::array<absl::string_view, 9> kAllowedPrefixes = {"LC_",  "CUDA_", "NVIDIA_", "NCCL_",    "ROCR_",
                                                               "HIP_", "OMP_",  "MKL_",    "OPENBLAS_"};
constexpr std::array<absl::string_view, 4> kSecretParts = {"KEY", "TOKEN", "SECRET", "PASSWORD"};

bool IsAllowed(absl::string_view name) {
  const auto is_prefix = [name](absl::string_view prefix) { return absl::StartsWith(name, prefix); };
  const auto is_part = [name](absl::string_view part) { return absl::StrContains(name, part); };
  if (std::any_of(kSecretParts.begin(), kSecretParts.end(), is_part)) return false;
  return std::find(kAllowedNames.begin(), kAllowedNames.end(), name) != kAllowedNames.end() ||
         std::any_of(kAllowedPrefixes.begin(), kAllowedPrefixes.end(), is_prefix);
}

}  // namespace

Environment BaseEnvironment(const char* const* parent, const std::vector<std::string>& also) {
  Environment environment;
  for (; *parent != nullptr; ++parent) {
    const absl::string_view entry = *parent;
    const size_t equals = entry.find('=');
    if (equals == absl::string_view::npos || equals == 0) continue;
    const std::string name(entry.substr(0, equals));
    if (!IsAllowed(name) && std::find(also.begin(), also.end(), name) == also.end()) continue;
    environment.emplace(name, entry.substr(equals + 1));
  }
  return environment;
}

absl::Status ValidateEnvironment(const Environment& environment) {
  if (environment.size() > kMaxVariables) {
    return absl::InvalidArgumentError(
        absl::StrCat("environment: at most ", kMaxVariables, " variables; got ", environment.size()));
  }
  size_t bytes = 0;
  for (const auto& [name, value] : environment) {
    if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat(
          "environment: a name must have characters, but neither = nor NUL; got \"", absl::CHexEscape(name), "\""));
    }
    if (value.find('\0') != std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat("environment[", name, "]: must not contain NUL"));
    }
    bytes += name.size() + value.size() + 2;
  }
  if (bytes > kMaxEnvironmentBytes) {
    return absl::InvalidArgumentError(absl::StrCat("environment: at most ", kMaxEnvironmentBytes, " bytes in all; got ",
                                                   bytes, "; hand long values over in a file"));
  }
  return absl::OkStatus();
}

}  // namespace pegbox::worker
