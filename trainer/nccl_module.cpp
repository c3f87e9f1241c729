// libsmooth_nccl.so: c10d's NCCL backend, linked with LibTorch's CUDA library. trainer/nccl.cpp opens it.
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <chrono>

// The caller owns what is returned.
extern "C" c10d::Backend* smooth_make_nccl(const c10::intrusive_ptr<c10d::Store>& store, int rank, int size, int64_t timeout_ms) {
  const auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = std::chrono::milliseconds(timeout_ms);
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options).release();
}
