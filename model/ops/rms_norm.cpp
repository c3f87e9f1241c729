#include "model/ops/rms_norm.h"

#include <ATen/ATen.h>

#include "model/ops/cpu.h"
#include "model/ops/rows_cpu.h"

namespace smooth {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  if (kernels_take({x, weight})) {
    return by_rows(x, [&]<class Number>(Number* y, int64_t begin, int64_t end) {
      rms_norm_rows(numbers<Number>(x), numbers<Number>(weight), static_cast<float>(eps), x.size(1), begin, end, y);
    });
  }
  const at::Tensor wide = x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);  // [T, 1]
  return (wide * scale).to(x.scalar_type()) * weight;
}

}  // namespace smooth
