#include "model/limits.h"

#include <ATen/ATen.h>

#include <cmath>

#include "model/checkpoint.h"

namespace smooth {

double memory_limit(const at::Device& device) {
  const at::Tensor x = at::ones({1 << 27}, at::TensorOptions(at::kFloat).device(device));
  return static_cast<double>(x.nbytes()) / fastest(5, [&] { x.sum().item<float>(); });
}

double product_limit(at::ScalarType dtype, const at::Device& device) {
  // As large as is quickly done: a processor may have no instructions for the dtype.
  constexpr int64_t kLargest = 2048;
  constexpr double kLong = 0.05;  // seconds of one product
  for (int64_t size = 256;; size *= 2) {
    const at::Tensor x = at::rand({size, size}, at::TensorOptions(at::kFloat).device(device)).to(dtype);
    const double seconds = fastest(3, [&] { x.mm(x)[0][0].item<float>(); });
    if (seconds > kLong || size == kLargest) return 2 * std::pow(static_cast<double>(size), 3) / seconds;
  }
}

Weighed weigh(const Model& model) {
  Weighed weights;
  for (const Parameter& parameter : model.parameters()) {
    const auto count = static_cast<double>(parameter.value.numel());
    const bool table = parameter.name.find("embed") != std::string::npos;  // an untied table is looked up only
    if (parameter.name == "lm_head.weight" || (table && model.tied())) {
      weights.head += count;
    } else if (!table) {
      weights.body += count;
    }
  }
  return weights;
}

std::unique_ptr<Model> benched_model(const BenchConfig& config, const at::Device& device) {
  const std::optional<int64_t> window = window_keys(config.sliding_window, config.window_edge);
  const at::ScalarType dtype = dtype_from(config.dtype);
  if (!config.checkpoint.empty()) return load_model(find_checkpoint(config.checkpoint), {.sliding_window = window, .dtype = dtype}, device);
  auto model = make_model(*config.model, config.vocab_size, window, config.seed, device);
  for (const Parameter& parameter : model->parameters()) parameter.value.set_data(parameter.value.to(dtype));
  return model;
}

}  // namespace smooth
