// Causal attention over packed documents, dense or in a sliding window, forward and backward; for a window its cost and its memory
// grow linearly with length. What it means is naive_attention in model/naive.h; reading is in ops/ring_attention.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <c10/util/intrusive_ptr.h>
#include <vector>

namespace smooth {

// Legend: T packed tokens, K keys, H heads, G key-value heads, R = H / G, D head width, W window.

// Where documents begin and which keys each token sees, worked out once for all layers of a forward pass.
class Packing {
 public:
  // cu_seqlens: [N + 1] borders of the documents. `before`: tokens of the first document that came earlier, and whose last keys and
  // values the caller may put ahead of its own.
  Packing(std::vector<int32_t> cu_seqlens, at::TensorOptions options, int64_t before = 0);
  ~Packing();

  // softmax(q k^T / sqrt(D)) v over the keys that each token may see: its own document's last `window` ones up to itself (0: all).
  // q [T, H, D], k and v [K, G, D] -> [T, H, D]. K - T keys are of tokens before the first.
  at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t window);

  const at::Tensor& positions() const { return positions_; }  // [T] int64, from 0 in each document (from `before` in the first)

  struct Plan;

 private:
  const c10::intrusive_ptr<Plan>& plan_of(int64_t window, int64_t ahead);

  std::vector<int32_t> cu_seqlens_;
  at::TensorOptions options_;
  at::Tensor positions_;  // [T] int64
  std::vector<c10::intrusive_ptr<Plan>> plans_;
};

}  // namespace smooth
