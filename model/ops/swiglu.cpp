#include "model/ops/swiglu.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "model/ops/cpu.h"
#include "model/ops/project.h"
#include "model/ops/swiglu_cpu.h"

namespace smooth {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

constexpr int64_t kNumbersATask = 1 << 14;  // fewer are not worth another thread

// h = silu(g) ∘ u: [T, F]
at::Tensor swiglu(const at::Tensor& g, const at::Tensor& u) {
  if (!kernels_take({g, u})) return at::silu(g) * u;
  const at::Tensor h = at::empty_like(g);
  with_numbers_of(g, [&]<class Number>(Number) {
    at::parallel_for(0, g.numel(), kNumbersATask, [&](int64_t begin, int64_t end) { swiglu_numbers(numbers<Number>(g), numbers<Number>(u), begin, end, numbers<Number>(h)); });
  });
  return h;
}

struct Gradients {
  at::Tensor g, u, h;  // dg, du; and h itself once more
};

Gradients swiglu_backward(const at::Tensor& dh, const at::Tensor& g, const at::Tensor& u) {
  if (!kernels_take({dh, g, u})) {
    const at::Tensor silu = at::silu(g);
    return {at::silu_backward(dh * u, g), dh * silu, silu * u};
  }
  const Gradients made = {at::empty_like(g), at::empty_like(u), at::empty_like(g)};
  with_numbers_of(g, [&]<class Number>(Number) {
    at::parallel_for(0, g.numel(), kNumbersATask, [&](int64_t begin, int64_t end) {
      swiglu_backward_numbers(numbers<Number>(dh), numbers<Number>(g), numbers<Number>(u), begin, end, numbers<Number>(made.g), numbers<Number>(made.u),
                              numbers<Number>(made.h));
    });
  });
  return made;
}

class SwigluProjectFunction : public torch::autograd::Function<SwigluProjectFunction> {
 public:
  static Variable forward(AutogradContext* context, const Variable& g, const Variable& u, const Variable& weight) {
    context->save_for_backward({g, u, weight});
    return project(swiglu(g, u), weight);
  }

  static variable_list backward(AutogradContext* context, variable_list outputs) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor dy = outputs[0].contiguous();
    const Gradients d = swiglu_backward(dy.mm(saved[2]), saved[0], saved[1]);
    return {d.g, d.u, context->needs_input_grad(2) ? dy.t().mm(d.h) : at::Tensor()};
  }
};

}  // namespace

at::Tensor swiglu_project(const at::Tensor& g, const at::Tensor& u, const at::Tensor& weight) {
  return at::GradMode::is_enabled() ? SwigluProjectFunction::apply(g, u, weight) : project(swiglu(g, u), weight);
}

}  // namespace smooth
