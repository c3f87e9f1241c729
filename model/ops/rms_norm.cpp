#include "model/ops/rms_norm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "model/ops/cpu.h"
#include "model/ops/rows_cpu.h"

namespace smooth {
namespace {

constexpr int64_t kRowsATask = 64;

// By the kernel, row by row.
at::Tensor by_rows(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor y = at::empty_like(x);
  with_numbers_of(x, [&]<class Number>(Number) {
    const Number *from = numbers<Number>(x), *by = numbers<Number>(weight);
    Number* to = numbers<Number>(y);
    at::parallel_for(0, x.size(0), kRowsATask, [&](int64_t begin, int64_t end) {
      rms_norm_rows(from, by, static_cast<float>(eps), x.size(1), begin, end, to);
    });
  });
  return y;
}

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  if (kernels_take({x, weight})) return by_rows(x, weight, eps);
  const at::Tensor wide = x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
  const at::Tensor scale = at::rsqrt(wide.square().mean(-1, /*keepdim=*/true) + eps);  // [T, 1]
  return (wide * scale).to(x.scalar_type()) * weight;
}

}  // namespace smooth
