// RWKV-7's time-mix (arXiv:2503.14456, section 4), written once: RWKV-7 (model/rwkv7.h), ARWKV and QRWKV7 (model/rwkv_hybrid.h)
// are this block with other options, each named with its source in model/time_mix_options.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "model/documents.h"
#include "model/files/safetensors.h"
#include "model/ops/rope.h"
#include "model/time_mix_options.h"

namespace smooth {

// Legend: T tokens, B rows of a memory, C channels, H heads, N head size, G heads of keys and values, R rank.

struct Norm {
  at::Tensor weight, bias;  // [C]
};

// fla keeps down [R, C], up [C, R] and bias [C]; the others [C, R], [R, C] and [1, 1, C].
struct LowRank {
  at::Tensor down, up, bias;  // undefined bias: none
};

struct TimeMix {
  at::Tensor x_r, x_w, x_k, x_v, x_a, x_g;                 // [1, 1, C]
  LowRank w, a, v, g;                                      // the first layer has no v
  at::Tensor k_k, k_a, r_k;                                // [C], fla's, or [1, 1, C]; the same; [H, N]
  at::Tensor r_proj, k_proj, v_proj, o_proj, gate;         // [C, C], [G N, C], [G N, C], [C, C], [C, C]
  at::Tensor r_bias, k_bias, v_bias;                       // [C], [G N], [G N]
  Norm g_norm;
};

// Empty weights: those that the options use. `first`: of the layer that gives v_first.
TimeMix make_time_mix(const TimeMixOptions& options, bool first, const at::TensorOptions& tensors);
// Appends the weights under `prefix` and the names that the options choose.
void add_parameters(const TimeMix& mix, TimeMixOptions::Names names, const std::string& prefix, std::vector<Parameter>& all);

// What a time-mix carries from chunk to chunk.
struct TimeMixMemory {
  at::Tensor time_shift;  // [B, C] last normed input; undefined without token shift
  at::Tensor wkv;         // [B, H, N, N] (value, key), fp32
};
TimeMixMemory make_memory(const TimeMixOptions& options, int64_t rows, const at::TensorOptions& tensors);  // zeros

// x [T, C], normed -> [T, C]. `v_first`: given by the first layer, taken by the others. `turn`: of the positions, for rope.
// `memory`: where the documents go on from, and what then holds what they leave; null for none.
at::Tensor time_mix(const TimeMix& mix, const TimeMixOptions& options, const at::Tensor& x, at::Tensor& v_first, const Rotation* turn,
                    const Documents& documents, TimeMixMemory* memory);

}  // namespace smooth
