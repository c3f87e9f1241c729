#include "model/state.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace smooth {

KvState::KvState(int64_t rows, std::vector<int64_t> windows, int64_t kv_heads, int64_t head_dim, at::TensorOptions options)
    : seen_(rows, 0) {
  for (const int64_t window : windows) {
    if (window == kNoKeys) {
      ring_of_.push_back(windows.size());  // no ring's
      keys_.emplace_back();
      values_.emplace_back();
      continue;
    }
    const auto same = [&](const Ring& ring) { return ring.window == window; };
    auto ring = std::find_if(rings_.begin(), rings_.end(), same);
    if (ring == rings_.end()) {
      const at::Tensor positions = at::full({rows, window}, -1, options.dtype(at::kLong));  // [B, slots]
      ring = rings_.insert(rings_.end(), Ring{window, positions});
    }
    ring_of_.push_back(static_cast<size_t>(ring - rings_.begin()));
    keys_.push_back(at::zeros({rows, window, kv_heads, head_dim}, options));    // [B, slots, G, D]
    values_.push_back(at::zeros({rows, window, kv_heads, head_dim}, options));  // [B, slots, G, D]
  }
}

std::unique_ptr<State> KvState::clone() const {
  auto copy = std::make_unique<KvState>(*this);
  for (Ring& ring : copy->rings_) ring.positions = ring.positions.clone();
  for (size_t l = 0; l < keys_.size(); ++l) {
    if (!keys_[l].defined()) continue;
    copy->keys_[l] = keys_[l].clone();
    copy->values_[l] = values_[l].clone();
  }
  return copy;
}

void KvState::reset(int64_t row) {
  for (Ring& ring : rings_) ring.positions.select(0, row).fill_(-1);
  seen_.at(row) = 0;
}

int64_t KvState::bytes() const {
  int64_t total = 0;
  for (const Ring& ring : rings_) total += static_cast<int64_t>(ring.positions.nbytes());
  for (const at::Tensor& keys : keys_) total += keys.defined() ? 2 * static_cast<int64_t>(keys.nbytes()) : 0;
  return total;
}

void KvState::make_room(int64_t tokens) {
  for (size_t i = 0; i < rings_.size(); ++i) {
    const int64_t have = rings_[i].positions.size(1);
    if (rings_[i].window > 0 || have >= tokens) continue;
    const int64_t more = std::max(tokens, have + have / 2) - have;
    const auto grow = [&](at::Tensor& x, const at::Scalar& fill) {
      std::vector<int64_t> shape = x.sizes().vec();
      shape[1] = more;
      x = at::cat({x, at::full(shape, fill, x.options())}, 1);
    };
    grow(rings_[i].positions, -1);
    for (size_t layer = 0; layer < keys_.size(); ++layer) {
      if (ring_of_[layer] != i) continue;
      grow(keys_[layer], 0);
      grow(values_[layer], 0);
    }
  }
}

std::vector<Parameter> KvState::tensors() const {
  std::vector<Parameter> all = {{"seen", at::tensor(seen_, at::kLong)}};
  for (size_t i = 0; i < rings_.size(); ++i) all.push_back({"ring." + std::to_string(i) + ".positions", rings_[i].positions});
  for (size_t l = 0; l < keys_.size(); ++l) {
    if (!keys_[l].defined()) continue;
    all.push_back({"layer." + std::to_string(l) + ".keys", keys_[l]});
    all.push_back({"layer." + std::to_string(l) + ".values", values_[l]});
  }
  return all;
}

void KvState::take(const Safetensors& stored) {
  // Dense slots have grown with the text, so their number comes from the file; all other sizes must agree.
  const auto get = [&](const std::string& name, const at::Tensor& x, bool dense) {
    std::vector<int64_t> shape = x.sizes().vec();
    if (dense) shape[1] = stored.shape(name).at(1);
    return stored.get(name, shape, x.scalar_type()).to(x.device(), x.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
  };
  KvState fresh(*this);
  const at::Tensor seen = get("seen", at::tensor(seen_, at::kLong), false);
  for (size_t i = 0; i < rings_.size(); ++i) {
    fresh.rings_[i].positions = get("ring." + std::to_string(i) + ".positions", rings_[i].positions, rings_[i].window == 0);
  }
  for (size_t l = 0; l < keys_.size(); ++l) {
    if (!keys_[l].defined()) continue;
    const bool dense = rings_[ring_of_[l]].window == 0;
    fresh.keys_[l] = get("layer." + std::to_string(l) + ".keys", keys_[l], dense);
    fresh.values_[l] = get("layer." + std::to_string(l) + ".values", values_[l], dense);
  }
  fresh.seen_.assign(seen.const_data_ptr<int64_t>(), seen.const_data_ptr<int64_t>() + seen.numel());
  *this = std::move(fresh);
}

void KvState::save(const std::string& file) const { save_safetensors(file, tensors()); }

void KvState::load(const std::string& file) { take(Safetensors(file)); }

}  // namespace smooth
