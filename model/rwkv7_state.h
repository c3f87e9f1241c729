// The hidden memory of models with RWKV-7 layers: token shifts and heads' matrices, and the rings of those layers among them that
// attend with a softmax.
#pragma once

#include <vector>

#include "model/state.h"
#include "model/time_mix.h"

namespace smooth {

class Rwkv7State : public State {
 public:
  // What each layer carries; tensors that its kind does not carry are undefined.
  struct Layer : TimeMixMemory {
    at::Tensor channel_shift = {};  // [B, C] last normed input of the channel-mix
  };
  // `keys`: of the layers that attend, and of as many rows.
  Rwkv7State(std::vector<Layer> layers, KvState keys) : layers_(std::move(layers)), keys_(std::move(keys)) {}

  std::unique_ptr<State> clone() const override;
  void reset(int64_t row) override;
  int64_t rows() const override { return keys_.rows(); }
  int64_t seen(int64_t row) const override { return keys_.seen(row); }
  int64_t bytes() const override;
  void save(const std::string& file) const override;
  void load(const std::string& file) override;

  std::vector<Layer>& layers() { return layers_; }
  KvState& keys() { return keys_; }

 private:
  std::vector<Parameter> tensors() const;
  std::vector<Layer> layers_;
  KvState keys_;
};

}  // namespace smooth
