// Causal attention over packed documents, dense or in a sliding window, forward and backward; for a window its cost and its memory
// grow linearly with length. What it means is naive_attention in model/naive.h; reading is in ops/ring_attention.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <c10/util/intrusive_ptr.h>
#include <cstdint>
#include <vector>

#include "data/batch.h"
#include "model/halo.h"

namespace smooth {

// Legend: T packed tokens, K keys, H heads, G key-value heads, R = H / G, D head width, W window.

// Where documents begin and which keys each token sees, worked out once for all layers of a forward pass.
class Packing {
 public:
  // `halo`: of a batch that is a stretch of a pack, its neighbours.
  Packing(const Batch& batch, at::TensorOptions options, Halo* halo = nullptr);
  ~Packing();

  // softmax(q k^T / sqrt(D)) v over the keys that each token may see: its own document's last `window` ones up to itself (0: all), those
  // that lie to the left of a stretch included. q [T, H, D], k and v [T, G, D] -> [T, H, D].
  at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t window);

  const at::Tensor& positions() const { return positions_; }  // [T] int64, from 0 in each document (of a stretch on from where it begins)

  struct Plan;

 private:
  const c10::intrusive_ptr<Plan>& plan_of(int64_t window, int64_t ahead);

  std::vector<int32_t> cu_seqlens_;
  int64_t before_;
  bool continues_;
  Halo* halo_;
  at::TensorOptions options_;
  at::Tensor positions_;  // [T] int64
  std::vector<c10::intrusive_ptr<Plan>> plans_;
};

}  // namespace smooth
