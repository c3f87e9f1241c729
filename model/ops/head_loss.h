// The head and its loss together, in pieces of tokens: of a row of 32k tokens over 152k words the logits alone would be 20 GB.
#pragma once

#include <ATen/core/Tensor.h>

namespace smooth {

// Legend: N tokens that have a target, C hidden size, V words.
struct HeadLoss {
  at::Tensor sum;          // Σ -log softmax(h Wᵀ)[target], fp32, or fp64 for fp64 hidden states: []
  at::Tensor d_hidden;     // its gradient, in the hidden states' dtype: [N, C]; undefined where it was not wanted
};

// hidden [N, C], weight [V, C], targets [N] int64; no graph is left. With gradients the weight's is added to d_weight [V, C], in fp32 or as
// the weight, if that is given. The twin is naive_head_loss in model/naive.h.
HeadLoss head_loss(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets, bool with_gradients = false,
                   const at::Tensor& d_weight = {});

}  // namespace smooth
