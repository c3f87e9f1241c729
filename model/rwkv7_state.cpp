#include "model/rwkv7_state.h"

#include <ATen/ATen.h>

namespace smooth {

std::unique_ptr<State> Rwkv7State::clone() const {
  std::unique_ptr<State> keys = keys_.clone();
  std::vector<Layer> layers = layers_;
  for (Layer& layer : layers) {
    for (at::Tensor* part : {&layer.time_shift, &layer.channel_shift, &layer.wkv}) {
      if (part->defined()) *part = part->clone();
    }
  }
  return std::make_unique<Rwkv7State>(std::move(layers), std::move(dynamic_cast<KvState&>(*keys)));
}

void Rwkv7State::reset(int64_t row) {
  keys_.reset(row);
  for (const Parameter& part : tensors()) part.value.select(0, row).zero_();
}

int64_t Rwkv7State::bytes() const {
  int64_t total = keys_.bytes();
  for (const Parameter& part : tensors()) total += static_cast<int64_t>(part.value.nbytes());
  return total;
}

std::vector<Parameter> Rwkv7State::tensors() const {
  std::vector<Parameter> all;
  for (size_t l = 0; l < layers_.size(); ++l) {
    const auto add = [&](const std::string& name, const at::Tensor& value) {
      if (value.defined()) all.push_back({"layer." + std::to_string(l) + "." + name, value});
    };
    add("time_shift", layers_[l].time_shift);
    add("channel_shift", layers_[l].channel_shift);
    add("wkv", layers_[l].wkv);
  }
  return all;
}

void Rwkv7State::save(const std::string& file) const {
  std::vector<Parameter> all = tensors();
  for (Parameter& part : keys_.tensors()) all.push_back(std::move(part));
  save_safetensors(file, all);
}

void Rwkv7State::load(const std::string& file) {
  const Safetensors stored(file);
  std::vector<at::Tensor> found;  // all of them before the first is written: a bad file changes nothing
  for (const Parameter& part : tensors()) found.push_back(stored.get(part.name, part.value.sizes().vec(), part.value.scalar_type()));
  keys_.take(stored);
  size_t next = 0;
  for (const Parameter& part : tensors()) part.value.copy_(found[next++]);
}

}  // namespace smooth
