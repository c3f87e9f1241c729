// The readable twins: what attention means, written out. Slow, in double where the caller gives doubles; the tests hold
// the fast paths against them, forward and backward.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace smooth {

// Query t of a document sees keys max(0, t - window + 1) .. t of the same document; window 0: all up to t.
// q [T, H, D], k and v [T, G, D], head h reads key-value head h / (H / G) -> [T, H, D].
at::Tensor naive_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::vector<int32_t>& cu_seqlens,
                           int64_t window);

// The WKV operator token by token (model/ops/wkv7.h): r, w, k, v, a, b [T, H, N], state [D, H, N, N] -> y [T, H, N]; `state`
// becomes the one after each document's last token.
at::Tensor naive_wkv7(const at::Tensor& r, const at::Tensor& w, const at::Tensor& k, const at::Tensor& v, const at::Tensor& a,
                      const at::Tensor& b, const std::vector<int32_t>& cu_seqlens, at::Tensor& state);

}  // namespace smooth
