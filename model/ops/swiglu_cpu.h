// SwiGLU's numbers (arXiv:2002.05202, equation 6) in one pass instead of one for each operation, forward and backward, on the CPU in
// fp32 and in bf16 (given as its bits). Plain C++: ops/swiglu.cpp spreads them over threads.
#pragma once

#include <cstdint>

namespace smooth {

// h = silu(g) ∘ u for the numbers [begin, end); silu(g) = g σ(g) is rounded first.
void swiglu_numbers(const float* g, const float* u, int64_t begin, int64_t end, float* h);
void swiglu_numbers(const uint16_t* g, const uint16_t* u, int64_t begin, int64_t end, uint16_t* h);

// From dh: dg = dh ∘ u ∘ σ(g) (1 + g (1 - σ(g))) and du = dh ∘ silu(g), and h once more.
void swiglu_backward_numbers(const float* dh, const float* g, const float* u, int64_t begin, int64_t end, float* dg, float* du, float* h);
void swiglu_backward_numbers(const uint16_t* dh, const uint16_t* g, const uint16_t* u, int64_t begin, int64_t end, uint16_t* dg, uint16_t* du, uint16_t* h);

}  // namespace smooth
