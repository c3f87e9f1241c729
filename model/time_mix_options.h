// The options in which the models made of Qwen2.5 depart from RWKV-7's time-mix (model/time_mix.h). Where they come from:
//   RWKV-7   BlinkDL/RWKV-LM, RWKV-v7/rwkv_v7_demo.py; names of fla, fla/layers/rwkv7.py
//   ARWKV    yynil/RWKVInside, rwkv_inside/TimeMixer.py and test/hybrid_model_run_rwkv7.py, RWKV_Tmix_x070
//   QRWKV7   SmerkyG's RADLADS (arXiv:2505.03005), rwkv7qwen2/modeling_rwkv7qwen2.py, RWKV7Attention
#pragma once

#include <cstdint>

namespace smooth {

// Legend: C channels, H heads, N head size, G heads of keys and values.
struct TimeMixOptions {
  enum class Names { fla, arwkv, qrwkv7 };      // what tensors are called, and how low-rank matrices lie
  enum class Gate { none, low_rank, full };     // y ∘ 1; y ∘ σ(x^g g1) g2; y ∘ σ(W_g x^g), QRWKV7's gate_rank_type 1

  int64_t hidden_size = 0, head_size = 64;      // C, N
  int64_t kv_heads = 0;                         // G: H, but for QRWKV7, where H / G heads share a key and a value as in Qwen2
  int64_t decay_rank = 64, a_rank = 64, v_rank = 32, gate_rank = 128;
  Names names = Names::fla;
  bool token_shift = true;                      // QRWKV7: none, x^q = x
  bool bias = false;                            // of r, k and v; QRWKV7's attention_bias
  bool rope = false;                            // r and k are turned; QRWKV7's use_rope
  bool balance_state = false;                   // QRWKV7: κ̂ = k / |k| and k ← k ∘ (1 - w + a), so that as much comes in as goes
  bool group_norm = true;                       // ln_x; ARWKV's wkv_has_group_norm, QRWKV7's groupnorm_att
  double group_norm_eps = 64e-5;
  double scale = 1;                             // of y; QRWKV7 without ln_x: N^{-1/2}
  bool bonus = true;                            // + (Σ r ∘ k ∘ r_k) v; QRWKV7: none, though its files hold r_k
  Gate gate = Gate::low_rank;
  double gate_offset = 0;                       // 1: y ∘ (1 + σ(x^g g1) g2), RWKVInside's training code since 2863300

  int64_t heads() const { return hidden_size / head_size; }
};

}  // namespace smooth
