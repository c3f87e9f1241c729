#include <ATen/ATen.h>

#include "model/rwkv7.h"

namespace smooth {

Rwkv7State::Rwkv7State(int64_t rows, const Rwkv7Config& config, at::TensorOptions options) : seen_(rows, 0) {
  const int64_t C = config.hidden_size, H = config.heads(), N = config.head_dim;
  const auto wide = options.dtype(options.dtype() == at::kDouble ? at::kDouble : at::kFloat);
  for (int64_t l = 0; l < config.num_hidden_layers; ++l) {
    layers_.push_back({at::zeros({rows, C}, options), at::zeros({rows, C}, options), at::zeros({rows, H, N, N}, wide)});
  }
}

std::unique_ptr<State> Rwkv7State::clone() const {
  auto copy = std::make_unique<Rwkv7State>(*this);
  for (Layer& layer : copy->layers_) layer = {layer.time_shift.clone(), layer.channel_shift.clone(), layer.wkv.clone()};
  return copy;
}

void Rwkv7State::reset(int64_t row) {
  for (Layer& layer : layers_) {
    for (at::Tensor* part : {&layer.time_shift, &layer.channel_shift, &layer.wkv}) part->select(0, row).zero_();
  }
  seen_.at(row) = 0;
}

int64_t Rwkv7State::bytes() const {
  int64_t total = 0;
  for (const Layer& layer : layers_) total += static_cast<int64_t>(layer.time_shift.nbytes() + layer.channel_shift.nbytes() + layer.wkv.nbytes());
  return total;
}

std::vector<Parameter> Rwkv7State::tensors() const {
  std::vector<Parameter> all;
  for (size_t l = 0; l < layers_.size(); ++l) {
    const std::string prefix = "layer." + std::to_string(l) + ".";
    all.push_back({prefix + "time_shift", layers_[l].time_shift});
    all.push_back({prefix + "channel_shift", layers_[l].channel_shift});
    all.push_back({prefix + "wkv", layers_[l].wkv});
  }
  return all;
}

void Rwkv7State::save(const std::string& file) const {
  std::vector<Parameter> all = tensors();
  all.push_back({"seen", at::tensor(seen_, at::kLong)});
  save_safetensors(file, all);
}

void Rwkv7State::load(const std::string& file) {
  const Safetensors stored(file);
  std::vector<at::Tensor> found;  // all of them before the first is written: a bad file changes nothing
  for (const Parameter& part : tensors()) found.push_back(stored.get(part.name, part.value.sizes().vec(), part.value.scalar_type()));
  const at::Tensor seen = stored.get("seen", {rows()}, at::kLong);
  size_t next = 0;
  for (const Parameter& part : tensors()) part.value.copy_(found[next++]);
  for (int64_t row = 0; row < rows(); ++row) seen_[row] = seen[row].item<int64_t>();
}

}  // namespace smooth
