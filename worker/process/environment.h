// What of the worker's own environment a trial may see. A trial's environment is built from nothing, never inherited,
// so that the worker's secrets stay with the worker.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace pegbox::worker {

using Environment = std::map<std::string, std::string>;

// The variables of `parent` (a null-terminated array such as `environ`) that every trial gets:
//   PATH HOME USER LOGNAME LANG LANGUAGE LC_* TZ TMPDIR LD_LIBRARY_PATH
//   PYTHONPATH VIRTUAL_ENV CONDA_PREFIX SSL_CERT_FILE SSL_CERT_DIR
//   CUDA_* NVIDIA_* NCCL_* ROCR_* HIP_* OMP_* MKL_* OPENBLAS_*
// and those named in `also`. A name that contains KEY, TOKEN, SECRET or PASSWORD passes only if `also` names it.
Environment BaseEnvironment(const char* const* parent, const std::vector<std::string>& also = {});

// INVALID_ARGUMENT, opening with `environment`: a name that is empty or has = or NUL, a value with NUL, over 1,024
// variables or 256 KiB in all.
absl::Status ValidateEnvironment(const Environment& environment);

}  // namespace pegbox::worker
