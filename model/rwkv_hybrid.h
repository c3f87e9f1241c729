// ARWKV and QRWKV7: Qwen2.5's decoder with RWKV-7's time-mix in the place of attention, in all layers or in all but some. The
// skeleton is Qwen2's (model/decoder_layer.h), the time-mix RWKV-7's with the options of model/time_mix.h; the memory is a matrix
// per head of every recurrent layer, and a ring of keys and values for each of the others.
#pragma once

#include <vector>

#include "model/decoder_layer.h"
#include "model/files/weights.h"
#include "model/model.h"
#include "model/rwkv7_state.h"
#include "model/rwkv_hybrid_config.h"

namespace smooth {

// What the tensors of a folder say and its config.json does not: ARWKV's ranks, and which idle tensors there are.
void read_shapes(RwkvHybridConfig& config, const Weights& weights);

class RwkvHybrid : public Model {
 public:
  explicit RwkvHybrid(RwkvHybridConfig config, at::TensorOptions options = {});  // empty weights

  at::Tensor forward(const Batch& batch, const Pass& pass = {}) const override;
  at::Tensor step(const Step& step, State& state) const override;
  const at::Tensor& head() const override { return lm_head_; }
  std::unique_ptr<State> new_state(int64_t rows) const override;
  std::vector<Parameter> parameters() const override;
  std::vector<Parameter> idle() const override { return idle_; }
  int64_t vocab_size() const override { return config_.decoder.vocab_size; }
  int64_t num_layers() const override { return config_.decoder.num_hidden_layers; }
  at::Device device() const override { return embed_tokens_.device(); }
  std::string architecture() const override { return config_.model_type == "rwkv_hybrid" ? "ARWKV" : "QRWKV7"; }
  int64_t window() const override;
  bool reaches_all() const override;
  bool tied() const override { return config_.decoder.tie_word_embeddings; }
  std::string config_json() const override;
  const RwkvHybridConfig& config() const { return config_; }

 private:
  // x [T, C] -> [T, C]. `state`: where the documents' memories come from and go to, null for none.
  at::Tensor layers(const at::Tensor& embedded, const at::Tensor& positions, const Documents& documents, const Attend& attend, Rwkv7State* state,
                    const Pass& pass) const;

  RwkvHybridConfig config_;
  at::Tensor embed_tokens_, norm_, lm_head_;  // [V, C], [C], [V, C]; lm_head_ is embed_tokens_ when tied
  std::vector<DecoderLayer> layers_;
  std::vector<TimeMix> mixes_;                // [L], empty where a layer attends
  std::vector<Parameter> idle_;
};

}  // namespace smooth
