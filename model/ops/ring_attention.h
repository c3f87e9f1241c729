// Causal attention while reading, dense or in a sliding window: new tokens of many rows against their rings of keys and values. What it
// means is naive_attention in model/naive.h; training is in ops/packed_attention.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "model/state.h"

namespace smooth {

// Legend: H heads, G key-value heads, D head width, N rows, S new tokens.

// One step of many rows, worked out once for all layers.
class RingPlan {
 public:
  RingPlan(const Step& step, KvState& state, at::TensorOptions options);

  // Attention of the step's tokens over their rows' rings and one another; then the rings take the new keys and values.
  // q [S, H, D], k and v [S, G, D] -> [S, H, D].
  at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t layer, KvState& state);

  const at::Tensor& positions() const { return positions_; }  // [S] int64
  void finish(KvState& state);                                // after the last layer: positions move on

 private:
  struct RingStep {
    bool causal = false;        // nothing lies in the ring and all of the step is seen: no bias
    at::Tensor bias;            // [N, 1, T, slots (+ T)] 0 where a key is seen, -inf elsewhere
    at::Tensor folded;          // [N, 1, R T, slots (+ T)] the same for each head that shares a key
    at::Tensor slot;            // [K] slot that each kept token goes to
    at::Tensor kept, kept_row;  // [K] which of the S tokens stay in the ring, and their rows
    int64_t slots = 0;
  };
  RingStep plan_ring(const Ring& ring) const;
  at::Tensor rows_of(const at::Tensor& ring, int64_t slots) const;
  at::Tensor pad(const at::Tensor& x) const;

  Step step_;
  int64_t longest_ = 0;
  bool single_ = false, all_rows_ = false;
  at::TensorOptions options_;
  at::Tensor positions_, rows_, padded_;  // [S], [N], [S]: place of each token in [N x T]
  std::vector<RingStep> rings_;
};

}  // namespace smooth
