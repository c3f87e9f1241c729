#include "model/decoder.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "configs/run.h"
#include "model/ops/attention.h"
#include "model/ops/project.h"
#include "model/ops/rope.h"

namespace smooth {
namespace {

at::Tensor ids_on(const std::vector<int64_t>& ids, const at::Device& device) { return at::tensor(ids, at::kLong).to(device); }

}  // namespace


Decoder::Decoder(DecoderConfig config, at::TensorOptions options) : config_(std::move(config)) {
  config_.validate();
  const int64_t width = config_.hidden_size, inner = config_.intermediate_size;
  const int64_t queries = config_.num_attention_heads * config_.head_dim, groups = config_.num_key_value_heads * config_.head_dim;
  const auto make = [&](at::IntArrayRef shape) { return at::empty(shape, options); };
  embed_tokens_ = make({config_.vocab_size, width});
  norm_ = make({width});
  lm_head_ = config_.tie_word_embeddings ? embed_tokens_ : make({config_.vocab_size, width});
  for (int64_t l = 0; l < config_.num_hidden_layers; ++l) {
    Layer layer{.input_layernorm = make({width}), .post_attention_layernorm = make({width}),
                .q_proj = make({queries, width}), .k_proj = make({groups, width}),
                .v_proj = make({groups, width}), .o_proj = make({width, queries}),
                .q_bias = {}, .k_bias = {}, .v_bias = {},
                .gate_proj = make({inner, width}), .up_proj = make({inner, width}), .down_proj = make({width, inner})};
    if (config_.attention_bias()) {
      layer.q_bias = make({queries});
      layer.k_bias = make({groups});
      layer.v_bias = make({groups});
    }
    layers_.push_back(layer);
  }
}

void Decoder::initialise(uint64_t seed, double deviation) {
  at::NoGradGuard no_grad;
  at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  for (const Parameter& parameter : parameters()) {
    const at::Tensor& x = parameter.value;
    if (x.dim() == 1) {
      x.fill_(parameter.name.ends_with("norm.weight") ? 1 : 0);
    } else {
      const double spread = deviation > 0 ? deviation : 1.0 / std::sqrt(static_cast<double>(x.size(1)));
      x.copy_(at::randn(x.sizes(), generator, at::TensorOptions(at::kFloat)) * spread);
    }
  }
}

// [N, C] -> [N, C]
at::Tensor Decoder::mlp(const Layer& layer, const at::Tensor& x) const {
  return project(at::silu(project(x, layer.gate_proj)) * project(x, layer.up_proj), layer.down_proj);
}

// The layers over T tokens, whoever attends: x [T, C], attend(q [T, H, D], k [T, G, D], v [T, G, D], layer) -> [T, H, D].
at::Tensor Decoder::layers(at::Tensor x, const at::Tensor& positions, const Attend& attend) const {
  const int64_t H = config_.num_attention_heads, G = config_.num_key_value_heads, D = config_.head_dim;
  const Rotation turn = rotation(positions, D, config_.rope_theta, config_.yarn, embed_tokens_.scalar_type());
  for (int64_t l = 0; l < config_.num_hidden_layers; ++l) {
    const Layer& layer = layers_[l];
    const at::Tensor h = rms_norm(x, layer.input_layernorm, config_.rms_norm_eps);
    const at::Tensor q = rotate(project(h, layer.q_proj, layer.q_bias).view({-1, H, D}), turn);  // [T, H, D]
    const at::Tensor k = rotate(project(h, layer.k_proj, layer.k_bias).view({-1, G, D}), turn);  // [T, G, D]
    const at::Tensor v = project(h, layer.v_proj, layer.v_bias).view({-1, G, D});                // [T, G, D]
    x = x + project(attend(q, k, v, l).reshape({-1, H * D}), layer.o_proj);                      // [T, C]
    x = x + mlp(layer, rms_norm(x, layer.post_attention_layernorm, config_.rms_norm_eps));
  }
  return rms_norm(x, norm_, config_.rms_norm_eps);
}

at::Tensor Decoder::forward(const Batch& batch) const {
  Packing packing(batch.cu_seqlens, embed_tokens_.options());
  const at::Tensor x = at::embedding(embed_tokens_, ids_on(batch.ids, device()));  // [T, C]
  return layers(x, packing.positions(), [&](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t layer) {
    return packing.attend(q, k, v, config_.windows[layer]);
  });
}

at::Tensor Decoder::step(const Step& step, State& memory) const {
  at::NoGradGuard no_grad;
  auto& state = dynamic_cast<KvState&>(memory);
  RingPlan plan(step, state, embed_tokens_.options());
  const at::Tensor x = at::embedding(embed_tokens_, ids_on(step.ids, device()));  // [S, C]
  const at::Tensor hidden = layers(x, plan.positions(), [&](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t layer) {
    return plan.attend(q, k, v, layer, state);
  });
  plan.finish(state);
  return hidden;
}

at::Tensor Decoder::logits(const at::Tensor& hidden) const { return project(hidden, lm_head_); }

std::unique_ptr<State> Decoder::new_state(int64_t rows) const {
  return std::make_unique<KvState>(rows, config_.windows, config_.num_key_value_heads, config_.head_dim, embed_tokens_.options().requires_grad(false));
}

std::vector<Parameter> Decoder::parameters() const {
  std::vector<Parameter> all = {{"model.embed_tokens.weight", embed_tokens_}};
  for (size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const std::string prefix = "model.layers." + std::to_string(l) + ".";
    const auto add = [&](const std::string& name, const at::Tensor& value) {
      if (value.defined()) all.push_back({prefix + name, value});
    };
    add("input_layernorm.weight", layer.input_layernorm);
    add("self_attn.q_proj.weight", layer.q_proj);
    add("self_attn.q_proj.bias", layer.q_bias);
    add("self_attn.k_proj.weight", layer.k_proj);
    add("self_attn.k_proj.bias", layer.k_bias);
    add("self_attn.v_proj.weight", layer.v_proj);
    add("self_attn.v_proj.bias", layer.v_bias);
    add("self_attn.o_proj.weight", layer.o_proj);
    add("post_attention_layernorm.weight", layer.post_attention_layernorm);
    add("mlp.gate_proj.weight", layer.gate_proj);
    add("mlp.up_proj.weight", layer.up_proj);
    add("mlp.down_proj.weight", layer.down_proj);
  }
  all.push_back({"model.norm.weight", norm_});
  if (!config_.tie_word_embeddings) all.push_back({"lm_head.weight", lm_head_});
  return all;
}

std::string Decoder::config_json() const {
  return decoder_config_json(config_, embed_tokens_.scalar_type() == at::kBFloat16 ? "bfloat16" : "float32");
}

int64_t Decoder::window() const { return *std::max_element(config_.windows.begin(), config_.windows.end()); }

std::string Decoder::architecture() const {
  const int64_t dense = std::count(config_.windows.begin(), config_.windows.end(), 0);
  if (dense == config_.num_hidden_layers) return "dense";
  return (dense > 0 ? "hybrid-" : "SWA-") + std::to_string(window());
}

}  // namespace smooth
