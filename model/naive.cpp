#include "model/naive.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace smooth {

at::Tensor naive_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::vector<int32_t>& cu_seqlens,
                           int64_t window) {
  const int64_t H = q.size(1), G = k.size(1);
  const double scale = 1.0 / std::sqrt(static_cast<double>(q.size(2)));
  std::vector<at::Tensor> outputs;
  for (size_t n = 0; n + 1 < cu_seqlens.size(); ++n) {
    for (int64_t t = cu_seqlens[n]; t < cu_seqlens[n + 1]; ++t) {
      const int64_t first = window == 0 ? cu_seqlens[n] : std::max<int64_t>(cu_seqlens[n], t - window + 1);
      std::vector<at::Tensor> heads;
      for (int64_t h = 0; h < H; ++h) {
        const at::Tensor keys = k.select(1, h / (H / G)).slice(0, first, t + 1);    // [K, D]
        const at::Tensor values = v.select(1, h / (H / G)).slice(0, first, t + 1);  // [K, D]
        // softmax(q k^T / sqrt(D)) v, arXiv:1706.03762, equation 1
        const at::Tensor weights = at::softmax(at::mv(keys, q[t][h]) * scale, 0);   // [K]
        heads.push_back(at::mv(values.t(), weights));                               // [D]
      }
      outputs.push_back(at::stack(heads));  // [H, D]
    }
  }
  return at::stack(outputs);  // [T, H, D]
}

at::Tensor naive_wkv7(const at::Tensor& r, const at::Tensor& w, const at::Tensor& k, const at::Tensor& v, const at::Tensor& a,
                      const at::Tensor& b, const std::vector<int32_t>& cu_seqlens, at::Tensor& state) {
  std::vector<at::Tensor> outputs, last;
  const auto column = [](const at::Tensor& x) { return x.unsqueeze(2); };  // [H, N, 1]
  const auto row = [](const at::Tensor& x) { return x.unsqueeze(1); };     // [H, 1, N]
  const std::vector<at::Tensor> rs = r.unbind(), ws = w.unbind(), ks = k.unbind(), vs = v.unbind(), as = a.unbind(), bs = b.unbind();  // T x [H, N]
  for (size_t n = 0; n + 1 < cu_seqlens.size(); ++n) {
    at::Tensor S = state[static_cast<int64_t>(n)];  // [H, N, N]
    for (int64_t t = cu_seqlens[n]; t < cu_seqlens[n + 1]; ++t) {
      // S_t = S_{t-1} diag(w_t) + (S_{t-1} a_t) b_tᵀ + v_t k_tᵀ, arXiv:2503.14456, section 3
      S = S * row(ws[t]) + at::matmul(at::matmul(S, column(as[t])), row(bs[t])) + at::matmul(column(vs[t]), row(ks[t]));
      outputs.push_back(at::matmul(S, column(rs[t])).squeeze(2));  // y_t = S_t r_t [H, N]
    }
    last.push_back(S);
  }
  state = at::stack(last);
  return at::stack(outputs);  // [T, H, N]
}

at::Tensor naive_rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor wide = x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);  // [T, 1]
  return (wide * scale).to(x.scalar_type()) * weight;
}

at::Tensor naive_rotate(const at::Tensor& x, const Rotation& rotation) {
  const std::vector<at::Tensor> half = x.chunk(2, -1);  // 2 x [T, H, D/2]
  return at::cat({half[0] * rotation.cos - half[1] * rotation.sin, half[1] * rotation.cos + half[0] * rotation.sin}, -1);  // [T, H, D]
}

std::vector<at::Tensor> naive_norm_project(const at::Tensor& x, const at::Tensor& norm, double eps, const std::vector<Map>& maps) {
  const at::Tensor n = naive_rms_norm(x, norm, eps);
  std::vector<at::Tensor> results;
  for (const Map& map : maps) results.push_back(at::linear(n, map.weight, map.bias.defined() ? std::optional(map.bias) : std::nullopt));
  return results;
}

at::Tensor naive_swiglu_project(const at::Tensor& g, const at::Tensor& u, const at::Tensor& weight) { return at::linear(at::silu(g) * u, weight); }

at::Tensor naive_head_loss(const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets) {
  const at::Tensor logits = at::linear(hidden, weight);  // [N, V]
  const at::Tensor wide = logits.scalar_type() == at::kDouble ? logits : logits.to(at::kFloat);
  return at::cross_entropy_loss(wide, targets, {}, at::Reduction::Sum);
}

}  // namespace smooth
