// RWKV-7 "Goose" (arXiv:2503.14456): layers of time-mix and channel-mix whose memory is one matrix per head, of the same
// size however much was read. Parameters are called as in the Hugging Face folders of fla-hub; files in BlinkDL's own
// naming (.pth) are translated by model/rwkv7_layouts.h.
#pragma once

#include <ATen/core/Generator.h>

#include <vector>

#include "model/model.h"
#include "model/rwkv7_config.h"
#include "model/rwkv7_state.h"
#include "model/time_mix.h"

namespace smooth {

class Rwkv7 : public Model {
 public:
  explicit Rwkv7(Rwkv7Config config, at::TensorOptions options = {});  // empty weights

  // BlinkDL's initial weights (RWKV-LM, RWKV-v7/train_temp/src/model.py).
  void initialise(uint64_t seed);
  // Near induction (model/rwkv7_induction.cpp).
  void initialise_induction(uint64_t seed);

  at::Tensor forward(const Batch& batch, const Pass& pass = {}) const override;
  at::Tensor step(const Step& step, State& state) const override;
  const at::Tensor& head() const override { return lm_head_; }
  std::unique_ptr<State> new_state(int64_t rows) const override;
  std::vector<Parameter> parameters() const override;
  int64_t vocab_size() const override { return config_.vocab_size; }
  int64_t num_layers() const override { return config_.num_hidden_layers; }
  at::Device device() const override { return embeddings_.device(); }
  std::string architecture() const override { return "RWKV-7"; }
  int64_t window() const override { return 0; }
  std::string config_json() const override;
  const Rwkv7Config& config() const { return config_; }

 private:
  // Legend: C hidden size, F intermediate size.
  struct ChannelMix {
    at::Tensor x_k, key, value;  // [C], [F, C], [C, F]
  };
  struct Layer {
    Norm attn_norm, ffn_norm;
    TimeMix attn;
    ChannelMix ffn;
  };
  // `state`: where the documents' memories come from and go to, null for none.
  at::Tensor layers(const std::vector<int64_t>& ids, const Documents& documents, Rwkv7State* state, const Pass& pass) const;
  at::Tensor channel_mix(const ChannelMix& ffn, const at::Tensor& x, const Documents& documents, at::Tensor* shift, const at::Tensor& rows) const;
  at::Tensor norm(const at::Tensor& x, const Norm& norm) const;

  struct Blocks;
  static void open_gates(TimeMix& attn);
  void shift_in_time_mix(Layer& layer, int64_t from, const Blocks& blocks);
  static void shift_in_channel_mix(ChannelMix& ffn, int64_t from, const Blocks& blocks);
  void match_and_copy(TimeMix& attn, const Blocks& blocks, at::Generator& generator);

  Rwkv7Config config_;
  TimeMixOptions options_;
  at::Tensor embeddings_, lm_head_;  // [V, C]
  Norm pre_norm_, norm_;             // after the embeddings; before the head
  std::vector<Layer> layers_;
};

}  // namespace smooth
