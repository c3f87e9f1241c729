// The decoder of Qwen2, Qwen2.5 and Mistral (transformers models/qwen2/modeling_qwen2.py): RMSNorm, rotary attention with
// grouped keys and values, SwiGLU; every layer dense or with a sliding window.
#pragma once

#include <optional>

#include "model/decoder_layer.h"
#include "model/model.h"

namespace smooth {

class Decoder : public Model {
 public:
  explicit Decoder(DecoderConfig config, at::TensorOptions options = {});  // empty weights

  // Normal weights of standard deviation `deviation` (0: one over the root of fan-in), zero biases, unit norms.
  void initialise(uint64_t seed, double deviation);
  // The same, then attention that begins as soft n-gram induction (model/induction.cpp): what a pretrained model has
  // learned from much text, and a small one would need long for. Nothing of any task is in it.
  void initialise_induction(uint64_t seed);

  at::Tensor forward(const Batch& batch, const Pass& pass = {}) const override;
  at::Tensor step(const Step& step, State& state) const override;
  const at::Tensor& head() const override { return lm_head_; }
  std::unique_ptr<State> new_state(int64_t rows) const override;
  std::vector<Parameter> parameters() const override;
  int64_t vocab_size() const override { return config_.vocab_size; }
  int64_t num_layers() const override { return config_.num_hidden_layers; }
  at::Device device() const override { return embed_tokens_.device(); }
  std::string architecture() const override;
  int64_t window() const override;
  bool reaches_all() const override;
  bool tied() const override { return config_.tie_word_embeddings; }
  std::string config_json() const override;
  const DecoderConfig& config() const { return config_; }

 private:
  at::Tensor layers(at::Tensor x, const at::Tensor& positions, const Attend& attend, const Pass& pass) const;

  DecoderConfig config_;
  at::Tensor embed_tokens_, norm_, lm_head_;  // [V, C], [C], [V, C]; lm_head_ is embed_tokens_ when tied
  std::vector<DecoderLayer> layers_;
};

}  // namespace smooth
