#include "model/ops/rope.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "model/naive.h"
#include "model/ops/cpu.h"
#include "model/ops/rows_cpu.h"

namespace smooth {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

namespace {

// Pairs that turn more than beta_fast times over L0 tokens keep their frequency f, those that turn less than beta_slow times
// get f / s, those between a mixture: arXiv:2309.00071, equation 23. [D/2]
at::Tensor stretched(const at::Tensor& frequency, double theta, const Yarn& yarn) {
  const int64_t pairs = frequency.size(0);
  // c(n): the pair, as a fraction, that turns n times over L0
  const auto pair_of = [&](double turns) {
    return static_cast<double>(pairs) * std::log(static_cast<double>(yarn.original_max_position_embeddings) / (turns * 2 * M_PI)) / std::log(theta);
  };
  const double low = std::max(std::floor(pair_of(yarn.beta_fast)), 0.0);
  const double high = std::min(std::ceil(pair_of(yarn.beta_slow)), static_cast<double>(2 * pairs - 1));
  const at::Tensor pair = at::arange(pairs, frequency.options());
  const at::Tensor ramp = ((pair - low) / std::max(high - low, 0.001)).clamp(0, 1);
  return frequency * (1 - ramp) + frequency / yarn.factor * ramp;
}

}  // namespace

Rotation rotation(const at::Tensor& positions, int64_t head_dim, double theta, const std::optional<Yarn>& yarn, at::ScalarType dtype) {
  const at::Tensor exponent = at::arange(0, head_dim, 2, positions.options().dtype(at::kDouble)) / head_dim;  // [D/2]
  at::Tensor frequency = at::pow(theta, -exponent);                                                           // [D/2]
  if (yarn) frequency = stretched(frequency, theta, *yarn);
  const double gain = yarn ? yarn->attention_factor : 1;
  const at::Tensor angle = positions.to(at::kDouble).unsqueeze(-1) * frequency;                               // [T, D/2]
  const auto ready = [&](const at::Tensor& x) { return (x * gain).to(dtype).unsqueeze(1); };                  // [T, 1, D/2]
  return {ready(angle.cos()), ready(angle.sin())};
}

namespace {

// Turning is linear, and turning back is its transpose.
class RotateFunction : public torch::autograd::Function<RotateFunction> {
 public:
  static Variable forward(AutogradContext* context, const Variable& x, const at::Tensor& cos, const at::Tensor& sin) {
    context->save_for_backward({cos, sin});
    return rotate(x, {cos, sin});
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    return {rotate(outputs[0].contiguous(), {saved[0], saved[1].neg()}), {}, {}};
  }
};

}  // namespace

at::Tensor rotate(const at::Tensor& x, const Rotation& rotation) {
  if (at::GradMode::is_enabled() && x.requires_grad()) return RotateFunction::apply(x, rotation.cos, rotation.sin);
  if (!kernels_take({x, rotation.cos, rotation.sin})) return naive_rotate(x, rotation);
  return by_rows(x, [&]<class Number>(Number* y, int64_t begin, int64_t end) {
    rotate_rows(numbers<Number>(x), numbers<Number>(rotation.cos), numbers<Number>(rotation.sin), x.size(1), x.size(2) / 2, begin, end, y);
  });
}

}  // namespace smooth
