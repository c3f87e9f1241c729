// What lies between the products of an RWKV-7 time-mix (model/time_mix.cpp has it as formulas), in fp32 without gradients: one head of
// one document in one pass, its rows kept in cache. Plain C++: time_mix.cpp spreads heads and documents over threads.
#pragma once

#include <cstdint>

namespace smooth {

// Legend: N head size, T tokens. All pointers are to the head's first number; the next token's is `stride` floats on.
struct TimeMixHead {
  const float *r, *w, *k, *v, *a;                      // [T, N] at `stride`: w and a before what makes decay and rate of them
  const float *v_residual, *v_first;                   // [T, N] at `stride`; null in the first layer
  const float* g;                                      // [T, N] at `stride`; null: 1
  const float *k_k, *k_a, *r_k;                        // [N]; without k_k the state is balanced, without r_k there is no bonus
  const float *norm_weight, *norm_bias;                // [N]; null: no norm
  float norm_eps, scale;
  int64_t tokens, size, stride;
};

// y [T, N] at `stride`; `state` [N, N] (value, key) goes from before the first token to after the last. Sizes: wkv7_takes.
void time_mix_head(const TimeMixHead& head, float* y, float* state);

}  // namespace smooth
