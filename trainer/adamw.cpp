#include "trainer/adamw.h"

#include <ATen/ATen.h>

#include <cmath>

namespace smooth {

AdamW::AdamW(const std::vector<Parameter>& parameters, const OptimConfig& config) : config_(config), parameters_(parameters) {
  step_ = at::zeros({}, parameters.front().value.options().requires_grad(false).dtype(at::kFloat));
  groups_ = {{{}, {}, {}, {}, config.weight_decay}, {{}, {}, {}, {}, 0.0}};
  for (const Parameter& parameter : parameters_) {
    exp_avgs_.push_back(at::zeros_like(parameter.value.detach()));
    exp_avg_sqs_.push_back(at::zeros_like(parameter.value.detach()));
    Group& group = groups_[parameter.value.dim() > 1 ? 0 : 1];
    group.parameters.push_back(parameter.value);
    group.exp_avgs.push_back(exp_avgs_.back());
    group.exp_avg_sqs.push_back(exp_avg_sqs_.back());
    group.steps.push_back(step_);
  }
}

double AdamW::update(double divisor, double learning_rate) {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const Parameter& parameter : parameters_) gradients.push_back(parameter.value.grad());
  const double norm = at::stack(at::_foreach_norm(gradients)).to(at::kDouble).norm().item<double>() / divisor;
  if (!std::isfinite(norm)) return norm;
  const double shrink = config_.clip > 0 && norm > config_.clip ? config_.clip / norm : 1.0;
  at::_foreach_mul_(gradients, shrink / divisor);
  step_.add_(1);
  for (Group& group : groups_) {
    if (group.parameters.empty()) continue;
    std::vector<at::Tensor> grads;
    for (const at::Tensor& parameter : group.parameters) grads.push_back(parameter.grad());
    at::_fused_adamw_(group.parameters, grads, group.exp_avgs, group.exp_avg_sqs, /*max_exp_avg_sqs=*/{}, group.steps, learning_rate,
                      config_.beta1, config_.beta2, group.weight_decay, config_.eps, /*amsgrad=*/false, /*maximize=*/false);
  }
  return norm;
}

void AdamW::zero_gradients() {
  for (const Parameter& parameter : parameters_) {
    if (parameter.value.grad().defined()) parameter.value.grad().zero_();
  }
}

void AdamW::save(const std::string& file) const {
  std::vector<Parameter> tensors = {{"step", step_}};
  for (size_t i = 0; i < parameters_.size(); ++i) {
    tensors.push_back({parameters_[i].name + ".exp_avg", exp_avgs_[i]});
    tensors.push_back({parameters_[i].name + ".exp_avg_sq", exp_avg_sqs_[i]});
  }
  save_safetensors(file, tensors);
}

void AdamW::load(const std::string& file) {
  const Safetensors tensors(file);
  const auto take = [&](const std::string& name, const at::Tensor& into) { into.copy_(tensors.get(name, into.sizes().vec(), into.scalar_type())); };
  take("step", step_);
  for (size_t i = 0; i < parameters_.size(); ++i) {
    take(parameters_[i].name + ".exp_avg", exp_avgs_[i]);
    take(parameters_[i].name + ".exp_avg_sq", exp_avg_sqs_[i]);
  }
}

}  // namespace smooth
