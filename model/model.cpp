#include "model/model.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <malloc.h>

#include <stdexcept>

namespace smooth {

std::vector<Parameter> stored_tensors(const Model& model) {
  std::vector<Parameter> all = model.parameters();
  for (Parameter& tensor : model.idle()) all.push_back(std::move(tensor));
  return all;
}

at::Tensor loss_sum(const Model& model, const Batch& batch) {
  std::vector<int64_t> places, targets;
  for (int64_t t = 0; t < batch.num_tokens(); ++t) {
    if (batch.targets[t] < 0) continue;
    places.push_back(t);
    targets.push_back(batch.targets[t]);
  }
  const auto on_device = [&](const std::vector<int64_t>& x) { return at::tensor(x, at::kLong).to(model.device()); };
  const at::Tensor hidden = model.forward(batch).index_select(0, on_device(places));  // [num_targets, C]
  const at::Tensor logits = model.logits(hidden);                                     // [num_targets, V]
  const at::Tensor wide = logits.scalar_type() == at::kDouble ? logits : logits.to(at::kFloat);
  return at::cross_entropy_loss(wide, on_device(targets), {}, at::Reduction::Sum);
}

at::Device open_device(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  if (name != "cuda") throw std::runtime_error("device " + name + " is not known; the devices are cpu and cuda");
  // CUDA's kernels register themselves when their library is opened, so that runs on the CPU need not load it.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    throw std::runtime_error(std::string("device cuda: LibTorch's CUDA library cannot be opened (") + dlerror() +
                             "); run ./smooth setup --cuda, or choose device: cpu");
  }
  if (!at::hasCUDA() || at::getNumGPUs() == 0) {
    throw std::runtime_error("device cuda: no GPU is found; ./smooth doctor says what this machine has");
  }
  return at::Device(at::kCUDA, 0);
}

void prepare_process(int64_t threads) {
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // larger ones, a vocabulary's logits, still go back at once
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

}  // namespace smooth
