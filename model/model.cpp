#include "model/model.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>
#include <malloc.h>

#include <stdexcept>

#include "model/ops/head_loss.h"
#include "model/ops/project.h"

namespace smooth {

std::vector<Parameter> stored_tensors(const Model& model) {
  std::vector<Parameter> all = model.parameters();
  for (Parameter& tensor : model.idle()) all.push_back(std::move(tensor));
  return all;
}

at::Tensor embedded(const at::Tensor& table, const std::vector<int64_t>& ids) {
  at::Tensor x = at::embedding(table, at::tensor(ids, at::kLong).to(table.device()));
  return at::GradMode::is_enabled() && !x.requires_grad() ? x.requires_grad_() : x;
}

at::Tensor Model::logits(const at::Tensor& hidden) const { return project(hidden, head()); }

at::Tensor rows_of(const at::Tensor& x, const at::Tensor& rows) { return rows.defined() ? x.index_select(0, rows) : x; }

namespace {

// What is predicted, and after which tokens: [N] each.
struct Targets {
  Targets(const Batch& batch, const at::Device& device) {
    std::vector<int64_t> at, of;
    for (int64_t t = 0; t < batch.num_tokens(); ++t) {
      if (batch.targets[t] < 0) continue;
      at.push_back(t);
      of.push_back(batch.targets[t]);
    }
    places = at::tensor(at, at::kLong).to(device);
    ids = at::tensor(of, at::kLong).to(device);
  }
  // Hidden states are wanted at targets alone. Where there is none, a stretch of a pack is met all the same.
  Pass pass(Pass pass) const {
    if (places.size(0) > 0) pass.rows = places;
    return pass;
  }
  at::Tensor hidden(const Model& model, const Batch& batch, const Pass& options) const {
    const at::Tensor states = model.forward(batch, pass(options));                  // [N, C], or [T, C] where N is 0
    return places.size(0) > 0 ? states : states.index_select(0, places);  // [N, C]
  }
  at::Tensor places, ids;
};

}  // namespace

at::Tensor loss_sum(const Model& model, const Batch& batch, const Pass& pass) {
  at::NoGradGuard no_grad;
  const Targets targets(batch, model.device());
  return head_loss(targets.hidden(model, batch, pass), model.head(), targets.ids).sum;
}

at::Tensor add_gradients(const Model& model, const Batch& batch, const at::Tensor& d_head, const Pass& pass) {
  const Targets targets(batch, model.device());
  const at::Tensor hidden = targets.hidden(model, batch, pass);  // [N, C]
  const HeadLoss loss = head_loss(hidden, model.head(), targets.ids, /*with_gradients=*/true, d_head);
  hidden.backward(loss.d_hidden);
  return loss.sum;
}

at::Device open_device(const std::string& name, int64_t number) {
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
  if (number >= static_cast<int64_t>(at::getNumGPUs())) {
    throw std::runtime_error("device cuda: GPU " + std::to_string(number) + " is wanted, but " + std::to_string(at::getNumGPUs()) +
                             " are found; start no more ranks on a machine than it has GPUs");
  }
  const at::Device device(at::kCUDA, static_cast<c10::DeviceIndex>(number));
  c10::impl::VirtualGuardImpl(at::kCUDA).setDevice(device);
  return device;
}

void prepare_process(int64_t threads) {
  if (threads > 0) at::set_num_threads(static_cast<int>(threads));
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // larger ones, a vocabulary's logits, still go back at once
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

}  // namespace smooth
