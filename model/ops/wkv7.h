// The WKV operator of RWKV-7 (arXiv:2503.14456, section 3): a matrix of memory per head, changed by every token,
//
//   S_t = S_{t-1} diag(w_t) + (S_{t-1} a_t) b_tᵀ + v_t k_tᵀ        y_t = S_t r_t
//
// over packed documents, from a state to a state, with gradients through all of it. Its readable twin is naive_wkv7 in
// model/naive.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace smooth {

// Legend: T packed tokens of D documents, H heads, N head size.
struct WkvInputs {
  at::Tensor r, w, k, v, a, b;  // [T, H, N]; w in (0, 1] is the decay itself
};

struct WkvOutputs {
  at::Tensor y;      // [T, H, N], in the inputs' dtype
  at::Tensor state;  // [D, H, N, N] (value, key) after each document's last token; fp32, or fp64 for fp64 inputs
};

// cu_seqlens [D + 1]: borders of the documents. state: [D, H, N, N] before each document's first token, or undefined for
// zeros. On the CPU in fp32 (bf16 goes through it) the walk is by token, in vectors and threads (wkv7_cpu.h); else in
// chunks of matrix products, which need w above 0.5 or so: RWKV-7's is above exp(-exp(-1/2)) = 0.545.
WkvOutputs wkv7(const WkvInputs& inputs, const std::vector<int32_t>& cu_seqlens, const at::Tensor& state = {});

// The same without gradients, and `state` [D, H, N, N] itself goes from before each document's first token to after its last: y.
at::Tensor wkv7_advance(const WkvInputs& inputs, const std::vector<int32_t>& cu_seqlens, at::Tensor& state);

// The same by chunks of matrix products, on any device and in any dtype; differentiated by autograd.
WkvOutputs wkv7_chunked(const WkvInputs& inputs, const std::vector<int32_t>& cu_seqlens, const at::Tensor& state = {});

}  // namespace smooth
