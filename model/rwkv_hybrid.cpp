#include "model/rwkv_hybrid.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "model/config_fields.h"
#include "model/ops/packed_attention.h"
#include "model/ops/recompute.h"
#include "model/ops/ring_attention.h"
#include "model/ops/rms_norm.h"

namespace smooth {

void read_shapes(RwkvHybridConfig& config, const Weights& weights) {
  for (const std::string& name : weights.names()) {
    if (config.may_be_idle(name)) config.idle[name] = weights.shape(name);
  }
  if (config.model_type != "rwkv_hybrid") return;
  for (int64_t l = config.decoder.num_hidden_layers - 1; l >= 0; --l) {
    if (!config.recurrent(l)) continue;
    const auto take = [&](const std::string& word, int64_t& rank) {  // of [C, R]; other shapes are refused when the tensor is read
      const std::string name = config.prefix(l) + word;
      const std::vector<int64_t> shape = weights.has(name) ? weights.shape(name) : std::vector<int64_t>();
      if (shape.size() == 2 && shape[1] >= 1 && shape[1] <= kMaxSize) rank = shape[1];
    };
    take("w1", config.mix.decay_rank);
    take("a1", config.mix.a_rank);
    take("g1", config.mix.gate_rank);
    if (l > 0) take("v1", config.mix.v_rank);
  }
}

RwkvHybrid::RwkvHybrid(RwkvHybridConfig config, at::TensorOptions options) : config_(std::move(config)) {
  config_.validate();
  const DecoderConfig& decoder = config_.decoder;
  embed_tokens_ = at::empty({decoder.vocab_size, decoder.hidden_size}, options);
  norm_ = at::empty({decoder.hidden_size}, options);
  lm_head_ = decoder.tie_word_embeddings ? embed_tokens_ : at::empty({decoder.vocab_size, decoder.hidden_size}, options);
  for (int64_t l = 0; l < decoder.num_hidden_layers; ++l) {
    layers_.push_back(make_decoder_layer(decoder, !config_.recurrent(l), options));
    mixes_.push_back(config_.recurrent(l) ? make_time_mix(config_.mix, l == 0, options) : TimeMix());
  }
  for (const auto& [name, shape] : config_.idle) idle_.push_back({name, at::empty(shape, options)});
}

at::Tensor RwkvHybrid::layers(const at::Tensor& embedded, const at::Tensor& positions, const Documents& documents, const Attend& attend,
                              Rwkv7State* state, const Pass& pass) const {
  const DecoderConfig& decoder = config_.decoder;
  const Rotation turn = rotation(positions, decoder.head_dim, decoder.rope_theta, decoder.yarn, embed_tokens_.scalar_type());
  std::vector<at::Tensor> x = {embedded};
  for (int64_t l = 0; l < decoder.num_hidden_layers; ++l) {
    // x and, after the first time-mix, its values -> the same: [T, C] each
    const at::Tensor rows = l + 1 == decoder.num_hidden_layers ? pass.rows : at::Tensor();
    const auto block = [this, turn, documents, attend, state, l, rows](const std::vector<at::Tensor>& in) {
      const DecoderConfig& sizes = config_.decoder;
      const DecoderLayer& layer = layers_[l];
      at::Tensor v_first = in.size() > 1 ? in[1] : at::Tensor();
      const auto mixed = [&] {
        if (!config_.recurrent(l)) return attention(layer, sizes, in[0], turn, attend, l, rows);
        const at::Tensor out = time_mix(mixes_[l], config_.mix, rms_norm(in[0], layer.input_layernorm, sizes.rms_norm_eps), v_first, &turn, documents,
                                        state != nullptr ? &state->layers()[l] : nullptr);
        return rows_of(out, rows);
      };
      const at::Tensor middle = rows_of(in[0], rows) + mixed();
      std::vector<at::Tensor> out = {middle + mlp(layer, sizes, middle)};
      if (v_first.defined()) out.push_back(v_first);
      return out;
    };
    x = l < pass.recomputed ? recomputed(block, x, pass.holds_attention) : block(x);
  }
  return rms_norm(x[0], norm_, decoder.rms_norm_eps);
}

at::Tensor RwkvHybrid::forward(const Batch& batch, const Pass& pass) const {
  const auto packing = std::make_shared<Packing>(batch, embed_tokens_.options(), pass.halo);
  const at::Tensor x = embedded(embed_tokens_, batch.ids);  // [T, C]
  const Attend attend = [this, packing](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t layer) {
    return packing->attend(q, k, v, config_.decoder.windows[layer]);
  };
  return layers(x, packing->positions(), Documents(batch, device(), pass.halo), attend, nullptr, pass);
}

at::Tensor RwkvHybrid::step(const Step& step, State& memory) const {
  at::NoGradGuard no_grad;
  const at::AutoDispatchBelowADInplaceOrView below_autograd;  // each operation costs less
  auto& state = dynamic_cast<Rwkv7State&>(memory);
  RingPlan plan(step, state.keys(), embed_tokens_.options());
  const at::Tensor x = embedded(embed_tokens_, step.ids);  // [S, C]
  const Attend attend = [&](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t layer) {
    return plan.attend(q, k, v, layer, state.keys());
  };
  const at::Tensor hidden = layers(x, plan.positions(), Documents(step, state.rows(), device()), attend, &state, {});
  plan.finish(state.keys());
  return hidden;
}

std::unique_ptr<State> RwkvHybrid::new_state(int64_t rows) const {
  const at::TensorOptions tensors = embed_tokens_.options().requires_grad(false);
  const DecoderConfig& decoder = config_.decoder;
  std::vector<Rwkv7State::Layer> layers(decoder.num_hidden_layers);
  for (int64_t l = 0; l < decoder.num_hidden_layers; ++l) {
    if (config_.recurrent(l)) layers[l] = {make_memory(config_.mix, rows, tensors), {}};
  }
  return std::make_unique<Rwkv7State>(std::move(layers), KvState(rows, decoder.windows, decoder.num_key_value_heads, decoder.head_dim, tensors));
}

std::vector<Parameter> RwkvHybrid::parameters() const {
  std::vector<Parameter> all = {{"model.embed_tokens.weight", embed_tokens_}};
  for (size_t l = 0; l < layers_.size(); ++l) {
    add_parameters(layers_[l], "model.layers." + std::to_string(l) + ".", all);
    add_parameters(mixes_[l], config_.mix.names, config_.prefix(static_cast<int64_t>(l)), all);
  }
  all.push_back({"model.norm.weight", norm_});
  if (!config_.decoder.tie_word_embeddings) all.push_back({"lm_head.weight", lm_head_});
  return all;
}

bool RwkvHybrid::reaches_all() const { return std::count(config_.decoder.windows.begin(), config_.decoder.windows.end(), 0) > 0; }

int64_t RwkvHybrid::window() const {
  return std::max<int64_t>(0, *std::max_element(config_.decoder.windows.begin(), config_.decoder.windows.end()));
}

std::string RwkvHybrid::config_json() const {
  return rwkv_hybrid_config_json(config_, embed_tokens_.scalar_type() == at::kBFloat16 ? "bfloat16" : "float32");
}

}  // namespace smooth
