// The WKV operator on the CPU: one head of one document, walked token by token with the state held in cache. Plain C++:
// ops/wkv7.cpp spreads heads and documents over threads.
#pragma once

#include <cstdint>

namespace smooth {

// Legend: N head size, K = N keys, T tokens. All pointers are to the head's first element of the first token; the next
// token's is `stride` floats on.
struct WkvHead {
  const float *r, *w, *k, *v, *a, *b;  // [T, N] at `stride`
  int64_t tokens, size, stride;
};

struct WkvGradients {
  float *r, *w, *k, *v, *a, *b;  // as the head's own
};

// Tokens between two states that the forward pass keeps for the backward pass, which computes those between anew.
constexpr int64_t kWkvKeep = 16;

// Head sizes that the kernel takes: multiples of 16.
bool wkv7_takes(int64_t size);

// y [T, N] at `stride`; `state` [N, N] (value, key) goes from before the first token to after the last. `kept`: room for
// ceil(T / kWkvKeep) states, or null when no gradient is wanted.
void wkv7_head(const WkvHead& head, float* y, float* state, float* kept);

// From dy [T, N] at `stride` and `dstate` [N, N], the gradient of the last state, to the gradients of the inputs (written)
// and of the first state (in `dstate`). `kept` is what wkv7_head left.
void wkv7_head_backward(const WkvHead& head, const float* dy, const float* kept, float* dstate, const WkvGradients& gradients);

}  // namespace smooth
