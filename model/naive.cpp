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

}  // namespace smooth
