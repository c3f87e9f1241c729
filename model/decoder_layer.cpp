#include "model/decoder_layer.h"

#include <ATen/ATen.h>

#include "model/model.h"
#include "model/ops/norm_project.h"
#include "model/ops/project.h"
#include "model/ops/swiglu.h"

namespace smooth {

DecoderLayer make_decoder_layer(const DecoderConfig& config, bool with_attention, const at::TensorOptions& tensors) {
  const int64_t width = config.hidden_size, inner = config.intermediate_size;
  const int64_t queries = config.num_attention_heads * config.head_dim, groups = config.num_key_value_heads * config.head_dim;
  const auto make = [&](at::IntArrayRef shape) { return at::empty(shape, tensors); };
  DecoderLayer layer;
  layer.input_layernorm = make({width});
  layer.post_attention_layernorm = make({width});
  if (with_attention) {
    layer.q_proj = make({queries, width});
    layer.k_proj = make({groups, width});
    layer.v_proj = make({groups, width});
    layer.o_proj = make({width, queries});
  }
  layer.gate_proj = make({inner, width});
  layer.up_proj = make({inner, width});
  layer.down_proj = make({width, inner});
  if (with_attention && config.attention_bias()) {
    layer.q_bias = make({queries});
    layer.k_bias = make({groups});
    layer.v_bias = make({groups});
  }
  return layer;
}

void add_parameters(const DecoderLayer& layer, const std::string& prefix, std::vector<Parameter>& all) {
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

at::Tensor attention(const DecoderLayer& layer, const DecoderConfig& config, const at::Tensor& x, const Rotation& turn, const Attend& attend,
                     int64_t number, const at::Tensor& rows) {
  const int64_t H = config.num_attention_heads, G = config.num_key_value_heads, D = config.head_dim;
  const auto made = norm_project(x, layer.input_layernorm, config.rms_norm_eps,
                                 {{layer.q_proj, layer.q_bias}, {layer.k_proj, layer.k_bias}, {layer.v_proj, layer.v_bias}});
  const at::Tensor q = rotate(made[0].view({-1, H, D}), turn);                 // [T, H, D]
  const at::Tensor k = rotate(made[1].view({-1, G, D}), turn);                 // [T, G, D]
  const at::Tensor v = made[2].view({-1, G, D});                               // [T, G, D]
  const at::Tensor y = attend(q, k, v, number).reshape({-1, H * D});           // [T, H D]
  return project(rows_of(y, rows), layer.o_proj);                              // [T, C] or [N, C]
}

at::Tensor mlp(const DecoderLayer& layer, const DecoderConfig& config, const at::Tensor& x) {
  const auto made = norm_project(x, layer.post_attention_layernorm, config.rms_norm_eps, {{layer.gate_proj, {}}, {layer.up_proj, {}}});  // 2 x [T, F]
  return swiglu_project(made[0], made[1], layer.down_proj);                                                                              // [T, C]
}

}  // namespace smooth
