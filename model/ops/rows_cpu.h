// What a layer does to each token's row by itself, in one pass over it instead of one for each operation: RMSNorm, RoPE and RWKV-7's
// token shift on the CPU, in fp32 and in bf16 (given as its bits). Plain C++: ops/rms_norm.cpp, ops/rope.cpp and documents.cpp spread
// the rows over threads and have the readable twins.
#pragma once

#include <cstdint>

namespace smooth {

// y = x rsqrt(mean(x²) + eps), rounded, times weight, for the rows [begin, end). x and y [T, C], weight [C].
void rms_norm_rows(const float* x, const float* weight, float eps, int64_t width, int64_t begin, int64_t end, float* y);
void rms_norm_rows(const uint16_t* x, const uint16_t* weight, float eps, int64_t width, int64_t begin, int64_t end, uint16_t* y);

// From dy: dx = s (dy ∘ w - x̂ mean(dy ∘ w ∘ x̂)) with x̂ = s x, s = rsqrt(mean(x²) + eps), and Σ dy ∘ x̂ over the rows into dweight [C].
void rms_norm_backward_rows(const float* dy, const float* x, const float* weight, float eps, int64_t width, int64_t begin, int64_t end, float* dx, float* dweight);
void rms_norm_backward_rows(const uint16_t* dy, const uint16_t* x, const uint16_t* weight, float eps, int64_t width, int64_t begin, int64_t end, uint16_t* dx, float* dweight);

// Pair i of each head, x_i and x_{i + D/2}, turned: x and y [T, H, D], cos and sin [T, D/2]; every product and sum is rounded.
void rotate_rows(const float* x, const float* cos, const float* sin, int64_t heads, int64_t pairs, int64_t begin, int64_t end, float* y);
void rotate_rows(const uint16_t* x, const uint16_t* cos, const uint16_t* sin, int64_t heads, int64_t pairs, int64_t begin, int64_t end, uint16_t* y);

// A token's inputs x + d ∘ μ for `count` shares μ, with the token shift d = before - x: each row [C]; d and the inputs are rounded.
void mix_row(const float* x, const float* before, const float* const* shares, int64_t count, int64_t width, float* const* to);
void mix_row(const uint16_t* x, const uint16_t* before, const uint16_t* const* shares, int64_t count, int64_t width, uint16_t* const* to);

}  // namespace smooth
