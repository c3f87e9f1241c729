#include "model/rwkv7_layouts.h"

#include <stdexcept>

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

}  // namespace smooth
