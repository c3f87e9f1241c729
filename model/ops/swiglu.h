// What a SwiGLU (arXiv:2002.05202) does between its matrices, and its last matrix. Its product h is not kept for the backward pass but
// made again of g and u, which takes no longer than reading it.
#pragma once

#include <ATen/core/Tensor.h>

namespace smooth {

// (silu(g) ∘ u) Wᵀ: g and u [T, F], weight [C, F] -> [T, C]. Differentiable; the twin is naive_swiglu_project in model/naive.h.
at::Tensor swiglu_project(const at::Tensor& g, const at::Tensor& u, const at::Tensor& weight);

}  // namespace smooth
