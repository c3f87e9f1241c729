#include "model/ops/rope.h"

#include <ATen/ATen.h>

namespace smooth {

Rotation rotation(const at::Tensor& positions, int64_t head_dim, double theta, at::ScalarType dtype) {
  const at::Tensor exponent = at::arange(0, head_dim, 2, positions.options().dtype(at::kDouble)) / head_dim;  // [D/2]
  const at::Tensor frequency = at::pow(theta, -exponent);                                                     // [D/2]
  const at::Tensor angle = positions.to(at::kDouble).unsqueeze(-1) * frequency;                               // [T, D/2]
  return {angle.cos().to(dtype).unsqueeze(1), angle.sin().to(dtype).unsqueeze(1)};                            // [T, 1, D/2]
}

at::Tensor rotate(const at::Tensor& x, const Rotation& rotation) {
  const std::vector<at::Tensor> half = x.chunk(2, -1);  // 2 x [T, H, D/2]
  return at::cat({half[0] * rotation.cos - half[1] * rotation.sin,
                  half[1] * rotation.cos + half[0] * rotation.sin}, -1);  // [T, H, D]
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor wide = x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);  // [T, 1]
  return (wide * scale).to(x.scalar_type()) * weight;
}

}  // namespace smooth
