// RWKV-7 "Goose" (arXiv:2503.14456): layers of time-mix and channel-mix whose memory is one matrix per head, of the same
// size however much was read. Parameters are called as in the Hugging Face folders of fla-hub; files in BlinkDL's own
// naming (.pth) are translated by model/rwkv7_layouts.h.
#pragma once

#include <ATen/core/Generator.h>

#include <vector>

#include "model/model.h"
#include "model/rwkv7_config.h"

namespace smooth {

// What each layer carries: the token-shift inputs of both mixes and the heads' matrices.
class Rwkv7State : public State {
 public:
  Rwkv7State(int64_t rows, const Rwkv7Config& config, at::TensorOptions options);

  std::unique_ptr<State> clone() const override;
  void reset(int64_t row) override;
  int64_t rows() const override { return static_cast<int64_t>(seen_.size()); }
  int64_t seen(int64_t row) const override { return seen_.at(row); }
  int64_t bytes() const override;
  void save(const std::string& file) const override;
  void load(const std::string& file) override;

  struct Layer {
    at::Tensor time_shift, channel_shift;  // [B, C] last normed input of each mix
    at::Tensor wkv;                        // [B, H, N, N] (value, key), fp32
  };
  std::vector<Layer>& layers() { return layers_; }
  void advance(int64_t row, int64_t tokens) { seen_[row] += tokens; }

 private:
  std::vector<Parameter> tensors() const;
  std::vector<Layer> layers_;
  std::vector<int64_t> seen_;  // [B]
};

class Rwkv7 : public Model {
 public:
  explicit Rwkv7(Rwkv7Config config, at::TensorOptions options = {});  // empty weights

  // BlinkDL's initial weights (RWKV-LM, RWKV-v7/train_temp/src/model.py).
  void initialise(uint64_t seed);
  // Near induction (model/rwkv7_induction.cpp).
  void initialise_induction(uint64_t seed);

  at::Tensor forward(const Batch& batch) const override;
  at::Tensor step(const Step& step, State& state) const override;
  at::Tensor logits(const at::Tensor& hidden) const override;
  std::unique_ptr<State> new_state(int64_t rows) const override;
  std::vector<Parameter> parameters() const override;
  int64_t vocab_size() const override { return config_.vocab_size; }
  at::Device device() const override { return embeddings_.device(); }
  std::string architecture() const override { return "RWKV-7"; }
  int64_t window() const override { return 0; }
  std::string config_json() const override;
  const Rwkv7Config& config() const { return config_; }

 private:
  // Legend: C hidden size, F intermediate size, H heads, N head size, R rank of a low-rank projection.
  struct Norm {
    at::Tensor weight, bias;  // [C]
  };
  struct LowRank {
    at::Tensor down, up, bias;  // [R, C], [C, R], [C]; undefined bias: none
  };
  struct TimeMix {
    at::Tensor x_r, x_w, x_k, x_v, x_a, x_g;        // [1, 1, C]
    LowRank w, a, v, g;                             // layer 0 has no v
    at::Tensor k_k, k_a, r_k;                       // [C], [C], [H, N]
    at::Tensor r_proj, k_proj, v_proj, o_proj;      // [C, C]
    Norm g_norm;
  };
  struct ChannelMix {
    at::Tensor x_k, key, value;  // [C], [F, C], [C, F]
  };
  struct Layer {
    Norm attn_norm, ffn_norm;
    TimeMix attn;
    ChannelMix ffn;
  };
  // Where a pass's documents lie, and the memory that each begins with.
  struct Pass;
  at::Tensor layers(const std::vector<int64_t>& ids, Pass& pass) const;
  at::Tensor time_mix(const TimeMix& attn, const at::Tensor& x, int64_t layer, at::Tensor& v_first, Pass& pass) const;
  at::Tensor channel_mix(const ChannelMix& ffn, const at::Tensor& x, int64_t layer, Pass& pass) const;
  at::Tensor norm(const at::Tensor& x, const Norm& norm) const;

  struct Blocks;
  static void open_gates(TimeMix& attn);
  void shift_in_time_mix(Layer& layer, int64_t from, const Blocks& blocks);
  static void shift_in_channel_mix(ChannelMix& ffn, int64_t from, const Blocks& blocks);
  void match_and_copy(TimeMix& attn, const Blocks& blocks, at::Generator& generator);

  Rwkv7Config config_;
  at::Tensor embeddings_, lm_head_;  // [V, C]
  Norm pre_norm_, norm_;             // after the embeddings; before the head
  std::vector<Layer> layers_;
};

}  // namespace smooth
