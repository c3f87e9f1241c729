#include "model/ops/rms_norm.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "model/naive.h"
#include "model/ops/cpu.h"
#include "model/ops/rows_cpu.h"

namespace smooth {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

class RmsNormFunction : public torch::autograd::Function<RmsNormFunction> {
 public:
  static Variable forward(AutogradContext* context, const Variable& x, const Variable& weight, double eps) {
    context->save_for_backward({x, weight});
    context->saved_data["eps"] = eps;
    return rms_norm(x, weight, eps);
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    auto [dx, dweight] = rms_norm_backward(outputs[0], saved[0], saved[1], context->saved_data["eps"].toDouble());
    return {dx, dweight, {}};
  }
};

// Rows whose gradients of the weight are summed before those of others are added, however many threads there are.
constexpr int64_t kRowsASum = 64;

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  if (at::GradMode::is_enabled() && (x.requires_grad() || weight.requires_grad())) return RmsNormFunction::apply(x, weight, eps);
  if (!kernels_take({x, weight})) return naive_rms_norm(x, weight, eps);
  return by_rows(x, [&]<class Number>(Number* y, int64_t begin, int64_t end) {
    rms_norm_rows(numbers<Number>(x), numbers<Number>(weight), static_cast<float>(eps), x.size(1), begin, end, y);
  });
}

std::tuple<at::Tensor, at::Tensor> rms_norm_backward(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight, double eps) {
  if (!kernels_take({dy, x, weight})) {
    const auto wide = [&](const at::Tensor& y) { return x.scalar_type() == at::kDouble ? y : y.to(at::kFloat); };
    const at::Tensor scale = at::rsqrt(wide(x).square().mean(-1, /*keepdim=*/true) + eps);  // [T, 1]
    const at::Tensor unit = wide(x) * scale, d = wide(dy) * wide(weight);                   // x̂, dy ∘ w [T, C]
    // dx = s (dy ∘ w - x̂ mean(dy ∘ w ∘ x̂)),  dw = Σ dy ∘ x̂
    const at::Tensor dx = scale * (d - unit * (d * unit).mean(-1, /*keepdim=*/true));
    return {dx.to(x.scalar_type()), (wide(dy) * unit).sum(0).to(weight.scalar_type())};
  }
  const int64_t rows = x.size(0), width = x.size(1), sums = (rows + kRowsASum - 1) / kRowsASum;
  const at::Tensor dx = at::empty_like(x), parts = at::empty({sums, width}, x.options().dtype(at::kFloat));
  with_numbers_of(x, [&]<class Number>(Number) {
    at::parallel_for(0, sums, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        rms_norm_backward_rows(numbers<Number>(dy), numbers<Number>(x), numbers<Number>(weight), static_cast<float>(eps), width, i * kRowsASum,
                               std::min(rows, (i + 1) * kRowsASum), numbers<Number>(dx), numbers<float>(parts) + i * width);
      }
    });
  });
  return {dx, parts.sum(0).to(weight.scalar_type())};
}

}  // namespace smooth
