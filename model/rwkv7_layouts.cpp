#include "model/rwkv7_layouts.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <stdexcept>

#include "model/config_fields.h"

namespace smooth {
namespace {

struct Pair {
  const char *fla, *blinkdl;
  bool transposed = false, padded = false;
};

constexpr Pair kOutside[] = {{"model.embeddings.weight", "emb.weight"}, {"model.norm.weight", "ln_out.weight"},
                             {"model.norm.bias", "ln_out.bias"},       {"lm_head.weight", "head.weight"}};

constexpr Pair kInLayer[] = {
    {"pre_norm.weight", "ln0.weight"}, {"pre_norm.bias", "ln0.bias"},
    {"attn_norm.weight", "ln1.weight"}, {"attn_norm.bias", "ln1.bias"},
    {"ffn_norm.weight", "ln2.weight"}, {"ffn_norm.bias", "ln2.bias"},
    {"attn.x_r", "att.x_r"}, {"attn.x_w", "att.x_w"}, {"attn.x_k", "att.x_k"},
    {"attn.x_v", "att.x_v"}, {"attn.x_a", "att.x_a"}, {"attn.x_g", "att.x_g"},
    {"attn.k_k", "att.k_k", false, true}, {"attn.k_a", "att.k_a", false, true}, {"attn.r_k", "att.r_k"},
    {"attn.r_proj.weight", "att.receptance.weight"}, {"attn.k_proj.weight", "att.key.weight"},
    {"attn.v_proj.weight", "att.value.weight"}, {"attn.o_proj.weight", "att.output.weight"},
    {"attn.w_lora.lora.0.weight", "att.w1", true}, {"attn.w_lora.lora.2.weight", "att.w2", true}, {"attn.w_lora.lora.2.bias", "att.w0", false, true},
    {"attn.a_lora.lora.0.weight", "att.a1", true}, {"attn.a_lora.lora.2.weight", "att.a2", true}, {"attn.a_lora.lora.2.bias", "att.a0", false, true},
    {"attn.v_lora.lora.0.weight", "att.v1", true}, {"attn.v_lora.lora.2.weight", "att.v2", true}, {"attn.v_lora.lora.2.bias", "att.v0", false, true},
    {"attn.g_lora.lora.0.weight", "att.g1", true}, {"attn.g_lora.lora.2.weight", "att.g2", true},
    {"attn.g_norm.weight", "att.ln_x.weight"}, {"attn.g_norm.bias", "att.ln_x.bias"},
    {"ffn.x_k", "ffn.x_k", false, true}, {"ffn.key.weight", "ffn.key.weight"}, {"ffn.value.weight", "ffn.value.weight"}};

const std::string kLayers = "model.layers.";

}  // namespace

BlinkdlTensor blinkdl_tensor(const std::string& name) {
  for (const Pair& pair : kOutside) {
    if (name == pair.fla) return {pair.blinkdl};
  }
  const size_t dot = name.starts_with(kLayers) ? name.find('.', kLayers.size()) : std::string::npos;
  if (dot != std::string::npos) {
    for (const Pair& pair : kInLayer) {
      if (name.compare(dot + 1, std::string::npos, pair.fla) == 0) {
        return {"blocks." + name.substr(kLayers.size(), dot - kLayers.size()) + "." + pair.blinkdl, pair.transposed, pair.padded};
      }
    }
  }
  throw std::runtime_error(name + ": no tensor of an RWKV-7 model is called so");
}

bool is_blinkdl(const Weights& weights) { return weights.has("emb.weight") && weights.has("blocks.0.att.r_k"); }

Rwkv7Config blinkdl_config(const Weights& weights) {
  const auto size = [&](const std::string& name, size_t axis) {
    if (!weights.has(name)) throw std::runtime_error(weights.source() + ": " + name + " is missing");
    const std::vector<int64_t> shape = weights.shape(name);
    if (shape.size() != 2) throw std::runtime_error(weights.source() + ": " + name + " has " + std::to_string(shape.size()) + " axes, expected 2");
    if (shape[axis] < 1 || shape[axis] > kMaxSize) throw std::runtime_error(weights.source() + ": " + name + " has shape " + text_of(shape) + ", as no model has");
    return shape[axis];
  };
  Rwkv7Config config{.vocab_size = size("emb.weight", 0), .hidden_size = size("emb.weight", 1), .num_hidden_layers = 0,
                     .head_dim = size("blocks.0.att.r_k", 1), .intermediate_size = size("blocks.0.ffn.key.weight", 0),
                     .decay_low_rank_dim = size("blocks.0.att.w1", 1), .a_low_rank_dim = size("blocks.0.att.a1", 1),
                     .v_low_rank_dim = 32, .gate_low_rank_dim = size("blocks.0.att.g1", 1)};
  while (weights.has("blocks." + std::to_string(config.num_hidden_layers) + ".att.r_k")) ++config.num_hidden_layers;
  if (config.num_hidden_layers > 1) config.v_low_rank_dim = size("blocks.1.att.v1", 1);
  if (config.hidden_size % config.head_dim) {
    throw std::runtime_error(weights.source() + ": blocks.0.att.r_k has heads of " + std::to_string(config.head_dim) +
                             ", which do not divide the width " + std::to_string(config.hidden_size));
  }
  return config;
}

std::vector<int64_t> blinkdl_shape(const std::string& name, std::vector<int64_t> shape) {
  const BlinkdlTensor there = blinkdl_tensor(name);
  if (there.transposed) std::reverse(shape.begin(), shape.end());
  if (there.padded) shape.insert(shape.begin(), 2, 1);
  return shape;
}

at::Tensor from_blinkdl(const Weights& weights, const std::string& name, const std::vector<int64_t>& shape) {
  const BlinkdlTensor from = blinkdl_tensor(name);
  const at::Tensor value = weights.get(from.name, blinkdl_shape(name, shape));
  return from.transposed ? value.t().contiguous() : value.reshape(shape);
}

std::vector<Parameter> to_blinkdl(const std::vector<Parameter>& parameters) {
  std::vector<Parameter> all;
  for (const Parameter& parameter : parameters) {
    const BlinkdlTensor to = blinkdl_tensor(parameter.name);
    const at::Tensor value = to.transposed ? parameter.value.t().contiguous() : parameter.value;
    all.push_back({to.name, to.padded ? value.reshape({1, 1, -1}) : value});
  }
  return all;
}

bool is_unused_in_blinkdl(const std::string& name) { return name == "blocks.0.att.v0" || name == "blocks.0.att.v1" || name == "blocks.0.att.v2"; }

}  // namespace smooth
