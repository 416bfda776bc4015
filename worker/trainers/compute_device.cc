#include "worker/trainers/compute_device.h"

#include <dlfcn.h>

#include <cstdlib>

namespace pegbox::trainer {
namespace {

// OpenBLAS has threads of its own that torch does not know of. Absent with any other BLAS.
void SetOpenBlasThreads(int threads) {
  using SetThreads = void (*)(int);
  const auto set_threads = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"));
  if (set_threads != nullptr) set_threads(threads);
}

void ComputeDeterministically() {
  // cuBLAS is deterministic only with a workspace of fixed size; it reads this when it starts.
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
  at::globalContext().setDeterministicAlgorithms(true, /*warn_only=*/true);
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
  // Decayed weights become denormal numbers, which are slow and change nothing.
  at::globalContext().setFlushDenormal(true);
}

}  // namespace

absl::StatusOr<torch::Device> PrepareDevice(const TrainingSettings& settings) {
  at::set_num_threads(settings.threads);
  SetOpenBlasThreads(settings.threads);
  ComputeDeterministically();
  if (settings.device == DeviceChoice::kCpu) return torch::Device(torch::kCPU);
  if (torch::cuda::is_available()) return torch::Device(torch::kCUDA, 0);
  if (settings.device == DeviceChoice::kAuto) return torch::Device(torch::kCPU);
  return absl::InvalidArgumentError("--device: must be cpu or auto where LibTorch finds no CUDA device; got \"cuda\"");
}

}  // namespace pegbox::trainer
