#include "trainer/lora.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace smooth {

// dA = s Bᵀ dW, dB = s dW Aᵀ, when autograd has made dW.
struct Lora::Hook : torch::autograd::PostAccumulateGradHook {
  Hook(const Adapter& of, double by, Buckets& to) : adapter(of), scale(by), buckets(to) {}
  void operator()(const torch::autograd::Variable& weight) override {
    at::NoGradGuard no_grad;
    const at::Tensor d = weight.grad().to(adapter.a.scalar_type());  // [out, in]
    weight.mutable_grad() = at::Tensor();
    buckets.add(adapter.a, adapter.b.t().mm(d).mul_(scale));  // [R, in]
    buckets.add(adapter.b, d.mm(adapter.a.t()).mul_(scale));  // [out, R]
  }
  Adapter adapter;
  double scale;
  Buckets& buckets;
};

Lora::Lora(const Model& model, const LoraConfig& config, uint64_t seed) : scale_(config.alpha / static_cast<double>(config.rank)) {
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  std::vector<std::string> unmet = config.targets;
  for (const Parameter& parameter : model.parameters()) {
    const auto meets = [&](const std::string& target) { return parameter.name.find(target) != std::string::npos; };
    const bool adapted = parameter.value.dim() == 2 && std::any_of(config.targets.begin(), config.targets.end(), meets);
    parameter.value.requires_grad_(adapted);
    if (!adapted) continue;
    std::erase_if(unmet, meets);
    const int64_t out = parameter.value.size(0), in = parameter.value.size(1);
    const at::TensorOptions options = parameter.value.options().dtype(at::kFloat).requires_grad(false);
    const at::Tensor a = at::randn({config.rank, in}, generator, at::TensorOptions(at::kFloat)) / std::sqrt(static_cast<double>(in));
    adapters_.push_back({parameter.name, parameter.value, parameter.value.detach().clone(), a.to(options.device()), at::zeros({out, config.rank}, options)});
  }
  if (!unmet.empty()) throw std::runtime_error("lora.targets: no matrix of the model has `" + unmet[0] + "` in its name; one of them is " + model.parameters().back().name);
}

Lora::~Lora() {
  for (const Adapter& adapter : adapters_) torch::autograd::impl::set_post_acc_grad_hooks(adapter.weight, nullptr);
}

std::vector<Parameter> Lora::parameters() const {
  std::vector<Parameter> all;
  for (const Adapter& adapter : adapters_) {
    all.push_back({adapter.name + ".lora_A", adapter.a});
    all.push_back({adapter.name + ".lora_B", adapter.b});
  }
  return all;
}

void Lora::give_gradients_to(Buckets& buckets) {
  for (const Adapter& adapter : adapters_) {
    torch::autograd::impl::set_post_acc_grad_hooks(adapter.weight, std::make_unique<Hook>(adapter, scale_, buckets));
  }
}

void Lora::merge() const {
  at::NoGradGuard no_grad;
  for (const Adapter& adapter : adapters_) {
    adapter.weight.copy_(at::addmm(adapter.frozen.to(at::kFloat), adapter.b, adapter.a, /*beta=*/1, /*alpha=*/scale_));
  }
}

}  // namespace smooth
