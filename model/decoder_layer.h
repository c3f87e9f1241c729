// A layer of Qwen2's decoder (transformers models/qwen2/modeling_qwen2.py): its norms, its attention and its SwiGLU. In the
// models made of Qwen2.5 (model/rwkv_hybrid.h) some layers have a time-mix in the attention's place, the rest is as here.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "model/decoder_config.h"
#include "model/files/safetensors.h"
#include "model/ops/rope.h"

namespace smooth {

// Legend: T tokens, C hidden size, F intermediate size, H heads, G key-value heads, D head width.
struct DecoderLayer {
  at::Tensor input_layernorm, post_attention_layernorm;   // [C]
  at::Tensor q_proj, k_proj, v_proj, o_proj;              // [H D, C], [G D, C], [G D, C], [C, H D]; undefined without attention
  at::Tensor q_bias, k_bias, v_bias;                      // [H D], [G D], [G D]; undefined without attention_bias
  at::Tensor gate_proj, up_proj, down_proj;               // [F, C], [F, C], [C, F]
};

// Empty weights.
DecoderLayer make_decoder_layer(const DecoderConfig& config, bool with_attention, const at::TensorOptions& tensors);
// Appends the weights under `prefix` and Qwen2's names.
void add_parameters(const DecoderLayer& layer, const std::string& prefix, std::vector<Parameter>& all);

// Who attends: q [T, H, D], k [T, G, D], v [T, G, D], the layer's number -> [T, H, D].
using Attend = std::function<at::Tensor(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t layer)>;
// What they add to the residual stream: x [T, C] -> [T, C]; attention to `rows` [N] of it alone, if they are given -> [N, C].
at::Tensor attention(const DecoderLayer& layer, const DecoderConfig& config, const at::Tensor& x, const Rotation& turn, const Attend& attend,
                     int64_t number, const at::Tensor& rows = {});
at::Tensor mlp(const DecoderLayer& layer, const DecoderConfig& config, const at::Tensor& x);

}  // namespace smooth
