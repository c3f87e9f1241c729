// The weights of an RWKV-7 time-mix (model/time_mix.h), those that its options use, under the names that checkpoints give them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "model/files/safetensors.h"
#include "model/time_mix_options.h"

namespace smooth {

// Legend: C channels, H heads, N head size, G heads of keys and values, R rank.

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

}  // namespace smooth
