// NCCL's collectives, from a module of CUDA's that is opened when they are wanted (trainer/nccl_module.cpp), so that a run on the CPU needs
// neither.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>

namespace smooth {

// Throws when the module was not built or cannot be opened.
c10::intrusive_ptr<c10d::Backend> open_nccl(const c10::intrusive_ptr<c10d::Store>& store, int64_t rank, int64_t size, std::chrono::milliseconds timeout);

}  // namespace smooth
