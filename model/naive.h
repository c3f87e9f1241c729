// The readable twins: what attention means, written out. Slow, in double where the caller gives doubles; the tests hold
// the fast paths against them, forward and backward.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "model/ops/norm_project.h"
#include "model/ops/rope.h"

namespace smooth {

// Query t of a document sees keys max(0, t - window + 1) .. t of the same document; window 0: all up to t.
// q [T, H, D], k and v [T, G, D], head h reads key-value head h / (H / G) -> [T, H, D].
at::Tensor naive_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::vector<int32_t>& cu_seqlens,
                           int64_t window);

// The WKV operator token by token (model/ops/wkv7.h): r, w, k, v, a, b [T, H, N], state [D, H, N, N] -> y [T, H, N]; `state`
// becomes the one after each document's last token.
at::Tensor naive_wkv7(const at::Tensor& r, const at::Tensor& w, const at::Tensor& k, const at::Tensor& v, const at::Tensor& a,
                      const at::Tensor& b, const std::vector<int32_t>& cu_seqlens, at::Tensor& state);

// What a layer does to a token by itself: ops/rms_norm.h, ops/rope.h, ops/norm_project.h and ops/swiglu.h.
at::Tensor naive_rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);
at::Tensor naive_rotate(const at::Tensor& x, const Rotation& rotation);
std::vector<at::Tensor> naive_norm_project(const at::Tensor& x, const at::Tensor& norm, double eps, const std::vector<Map>& maps);
at::Tensor naive_swiglu_project(const at::Tensor& g, const at::Tensor& u, const at::Tensor& weight);

// Σ -log softmax(h Wᵀ)[target]: hidden [N, C], weight [V, C], targets [N] -> [] (ops/head_loss.h)
at::Tensor naive_head_loss(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets);

}  // namespace smooth
